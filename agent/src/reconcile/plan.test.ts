import fc from 'fast-check';
import {
  Action,
  Family,
  Hook,
  MatchKind,
  type CommitObject,
  type Digest,
  type KernelDevice,
  type Ruleset,
} from '../kernel-device';
import { FakeKernel } from '../kernel-device/fake-kernel.testing';
import { kernelSetVersion, type AddressSet } from '../desired-state/address-set';
import { plan, type Actual, type Desired } from './plan';

const RULESET: Ruleset = {
  defaultVerdicts: [Action.ACCEPT, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT],
  rules: [],
};

const DIGESTS = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64));
const INODES = [1, 2, 3, 4, 5];
const INITIAL = 1;

const NO_SETS = {
  sets: new Map<string, AddressSet>(),
  keepSets: new Set<string>(),
  wholeSets: new Set<string>(),
  quarantine: undefined,
  release: new Set<number>(),
};

function actualOf(device: KernelDevice): Actual {
  return { ...device.list(), quarantine: device.info().quarantine };
}

const digest = fc.constantFrom(...DIGESTS);
const inode = fc.constantFrom(...INODES);
const bindings = fc.array(fc.tuple(inode, digest), { maxLength: 5 }).map((pairs) => new Map(pairs));

/** What the kernel has: some namespaces, some bound, and some rulesets beside. */
const actual = fc.record({ present: fc.uniqueArray(inode), bound: bindings, idle: fc.uniqueArray(digest) });

const desired = fc
  .record({ wanted: bindings, keep: fc.uniqueArray(inode), allowInitial: fc.boolean() })
  .map(({ wanted, keep, allowInitial }): Desired => ({
    rulesets: new Map([...wanted.values()].map((one) => [one, RULESET])),
    bindings: new Map([...wanted].map(([key, value]) => [key, { digest: value, allowInitial }])),
    keep: new Set(keep),
    keepRulesets: new Set(),
    ...NO_SETS,
  }));

type Before = { present: number[]; bound: Map<number, Digest>; idle: Digest[] };

function kernelWith({ present, bound, idle }: Before): FakeKernel {
  const kernel = new FakeKernel();
  for (const one of present) kernel.addNamespace(one, { initial: one === INITIAL });
  const held = [...bound].filter(([one]) => present.includes(one));
  const digests = new Set([...held.map(([, value]) => value), ...idle]);
  const device = kernel.open();
  device.commit([
    ...[...digests].map((value): CommitObject => ({ type: 'ruleset-put', digest: value, ruleset: RULESET })),
    ...held.map(([one, value]): CommitObject => ({
      type: 'bind',
      inode: one,
      birth: 0n,
      digest: value,
      initial: true,
    })),
  ]);
  return kernel;
}

describe('a plan', () => {
  it('brings the kernel from any state to any other, in one commit', () => {
    fc.assert(
      fc.property(actual, desired, (from, to) => {
        const kernel = kernelWith(from);
        const before = new Map(from.present.map((one) => [one, kernel.boundTo(one)]));
        kernel.open().commit(plan(to, actualOf(kernel.open())));
        for (const one of from.present) {
          const wanted = to.bindings.get(one);
          const isAllowed = one !== INITIAL || wanted?.allowInitial === true;
          const expected = to.keep.has(one) ? before.get(one) : isAllowed ? wanted?.digest : undefined;
          expect(kernel.boundTo(one)).toBe(expected);
        }
      }),
    );
  });

  it('leaves nothing to do', () => {
    fc.assert(
      fc.property(actual, desired, (from, to) => {
        const device = kernelWith(from).open();
        device.commit(plan(to, actualOf(device)));
        expect(plan(to, actualOf(device))).toEqual([]);
      }),
    );
  });

  it('leaves no ruleset that nothing is bound to and nobody wants', () => {
    fc.assert(
      fc.property(actual, desired, (from, to) => {
        const kernel = kernelWith(from);
        kernel.open().commit(plan(to, actualOf(kernel.open())));
        const bound = new Set(from.present.map((one) => kernel.boundTo(one)));
        for (const one of kernel.rulesets) expect(bound.has(one) || to.rulesets.has(one)).toBe(true);
      }),
    );
  });

  it('does not depend on the order in which wishes are named', () => {
    fc.assert(
      fc.property(actual, desired, (from, to) => {
        const listing = actualOf(kernelWith(from).open());
        const reversed: Desired = {
          ...to,
          rulesets: new Map([...to.rulesets].reverse()),
          bindings: new Map([...to.bindings].reverse()),
        };
        expect(plan(reversed, listing)).toEqual(plan(to, listing));
      }),
    );
  });

  it('expects of each namespace the birth that the listing shows', () => {
    const kernel = new FakeKernel();
    const birth = kernel.addNamespace(7);
    const wanted: Desired = {
      rulesets: new Map([[DIGESTS[0]!, RULESET]]),
      bindings: new Map([[7, { digest: DIGESTS[0]!, allowInitial: false }]]),
      keep: new Set(),
      keepRulesets: new Set(),
      ...NO_SETS,
    };
    const objects = plan(wanted, actualOf(kernel.open()));
    expect(objects).toContainEqual({ type: 'bind', inode: 7, birth, digest: DIGESTS[0], initial: false });
  });
});

describe('a plan with address sets', () => {
  const NAMES = ['blocked', 'office', 'vpn'];
  const name = fc.constantFrom(...NAMES);
  const revision = fc.bigInt({ min: 1n, max: 4n });
  const sets = fc.dictionary(name, revision);
  /** Which ruleset names which set. */
  const naming = fc.dictionary(fc.constantFrom(...DIGESTS), name);

  /** At revision n it has n members, and remembers how it came there from the revision before, or not. */
  function setOf(id: string, at: bigint, remembers: boolean): AddressSet {
    const members = (n: bigint) => ({ v4: hosts(n), v6: new Uint8Array(0) });
    const last = {
      from: at - 1n,
      revision: at,
      add: { v4: host(at), v6: NONE },
      remove: { v4: NONE, v6: NONE },
    };
    return {
      ...{ name: `addressSets/${id}`, uid: 'u', revision: at, members: members(at) },
      changes: remembers && at > 1n ? [last] : [],
    };
  }

  function rulesetNaming(id: string | undefined): Ruleset {
    if (id === undefined) return RULESET;
    const match = { kind: MatchKind.SRC_SET as const, items: [id] };
    const rule = { id: 1n, hook: Hook.INPUT, action: Action.DROP, families: Family.IPV4, matches: [match] };
    return { ...RULESET, rules: [rule] };
  }

  const state = fc.record({ sets, naming, bound: bindings });
  type State = typeof state extends fc.Arbitrary<infer T> ? T : never;

  /** Only what can be: rulesets name sets that are there. */
  function desiredFrom({ sets: held, naming: named, bound }: State, remembers: boolean): Desired {
    const rulesets = new Map(
      [...bound.values()].map((value) => {
        const id = named[value];
        return [value, rulesetNaming(id !== undefined && id in held ? id : undefined)];
      }),
    );
    return {
      ...{ rulesets, keep: new Set(), keepRulesets: new Set(), ...NO_SETS },
      bindings: new Map([...bound].map(([key, value]) => [key, { digest: value, allowInitial: true }])),
      sets: new Map(Object.entries(held).map(([id, at]) => [id, setOf(id, at, remembers)])),
    };
  }

  function settle(kernel: FakeKernel, to: Desired): number {
    const device = kernel.open();
    for (let commits = 0; ; commits++) {
      const objects = plan(to, actualOf(device));
      if (objects.length === 0) return commits;
      device.commit(objects);
    }
  }

  function kernelOf(): FakeKernel {
    const kernel = new FakeKernel();
    for (const one of INODES) kernel.addNamespace(one, { initial: one === INITIAL });
    return kernel;
  }

  it('goes from any state to any other and back, each time in two commits at most, and then has nothing to do', () => {
    fc.assert(
      fc.property(state, state, fc.boolean(), (from, to, remembers) => {
        // A digest stands for one content: the second state names other rulesets than the first.
        const other = { ...to, naming: from.naming, sets: { ...withNamed(from), ...to.sets } };
        const kernel = kernelOf();
        for (const next of [
          desiredFrom(from, remembers),
          desiredFrom(other, remembers),
          desiredFrom(from, remembers),
        ]) {
          expect(settle(kernel, next)).toBeLessThanOrEqual(2);
          expect(Object.keys(kernel.sets).sort()).toEqual([...next.sets.keys()].sort());
          for (const [id, set] of next.sets) {
            expect(kernel.sets[id]?.version).toBe(kernelSetVersion(set));
            expect(kernel.sets[id]?.members.size).toBe(Number(set.revision));
          }
          for (const [one, { digest: value }] of next.bindings) expect(kernel.boundTo(one)).toBe(value);
        }
      }),
    );

    /** Sets that a ruleset of the first state names stay, or its content would be another. */
    function withNamed({ sets: held, naming: named }: State): Record<string, bigint> {
      return Object.fromEntries(Object.entries(held).filter(([id]) => Object.values(named).includes(id)));
    }
  });

  it('sends what changed where that is known, and the whole where it is not', () => {
    const to = (at: bigint, remembers: boolean): Desired => ({
      ...desiredFrom({ sets: {}, naming: {}, bound: new Map() }, false),
      sets: new Map([['blocked', setOf('blocked', at, remembers)]]),
    });
    const kernel = kernelOf();
    settle(kernel, to(2n, true));
    expect(plan(to(3n, true), actualOf(kernel.open()))).toMatchObject([
      { type: 'set-delta', name: 'blocked' },
    ]);
    expect(plan(to(3n, false), actualOf(kernel.open()))).toMatchObject([
      { type: 'set-put', name: 'blocked' },
    ]);
    const whole = { ...to(3n, true), wholeSets: new Set(['blocked']) };
    expect(plan(whole, actualOf(kernel.open()))).toMatchObject([{ type: 'set-put', name: 'blocked' }]);
  });
});

describe('a plan with quarantine', () => {
  const wanted = (fields: Partial<Desired>): Desired => ({
    ...{ rulesets: new Map(), bindings: new Map(), keep: new Set(), keepRulesets: new Set(), ...NO_SETS },
    ...fields,
  });

  it('sets what is set otherwise, and leaves alone what nobody has set', () => {
    const device = new FakeKernel().open();
    expect(plan(wanted({}), actualOf(device))).toEqual([]);
    device.commit(plan(wanted({ quarantine: true }), actualOf(device)));
    expect(device.info().quarantine).toBe(true);
    expect(plan(wanted({}), actualOf(device))).toEqual([]);
    device.commit(plan(wanted({ quarantine: false }), actualOf(device)));
    expect(device.info().quarantine).toBe(false);
  });

  it('lets go only what is in quarantine and is to be let go', () => {
    const kernel = new FakeKernel();
    const device = kernel.open();
    kernel.addNamespace(9);
    device.commit(plan(wanted({ quarantine: true }), actualOf(device)));
    kernel.addNamespace(10);
    kernel.addNamespace(11);
    device.commit(plan(wanted({ release: new Set([9, 10]) }), actualOf(device)));
    expect([9, 10, 11].map((one) => kernel.isQuarantined(one))).toEqual([false, false, true]);
  });
});

const NONE = new Uint8Array(0);

function host(n: bigint): Uint8Array {
  return Buffer.from([10, 0, 0, Number(n), 32]);
}

/** As many as `count`. */
function hosts(count: bigint): Uint8Array {
  return Buffer.concat(Array.from({ length: Number(count) }, (_, n) => host(BigInt(n + 1))));
}
