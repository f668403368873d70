import fc from 'fast-check';
import { Action, type CommitObject, type Digest, type KernelDevice, type Ruleset } from '../kernel-device';
import { FakeKernel } from '../kernel-device/fake-kernel.testing';
import type { AddressSet } from '../desired-state/address-set';
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
