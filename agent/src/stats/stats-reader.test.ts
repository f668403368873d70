import { Action, Hook, type CommitObject } from '../kernel-device';
import { FakeKernel } from '../kernel-device/fake-kernel.testing';
import { StatsReader } from './stats-reader';

const DIGEST = 'ab'.repeat(32);
const RULESET = {
  defaultVerdicts: [Action.ACCEPT, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT],
  rules: [],
} as const;

function counters(id: bigint, packets: bigint) {
  return { id, packets, bytes: packets * 84n, shadowPackets: 0n, lastHit: 5n };
}

describe('reading counters', () => {
  let kernel: FakeKernel;
  let names: Map<bigint, string>;
  let formerNames: Map<bigint, string>;
  let reader: StatsReader;

  function makeReader(openKernel = kernel.open): StatsReader {
    return new StatsReader({
      openKernel,
      names: () => names,
      formerName: (birth) => formerNames.get(birth),
      defaultOf: (namespace, hook) => ({ policy: `${namespace} ${hook}`, verdict: Action.DROP }),
      bootTimeMs: () => 12,
    });
  }

  /** The namespace is deleted. */
  function die(): void {
    kernel.removeNamespace(10);
    formerNames = names;
    names = new Map();
  }

  beforeEach(() => {
    kernel = new FakeKernel();
    const put: CommitObject = { type: 'ruleset-put', digest: DIGEST, ruleset: RULESET };
    formerNames = new Map();
    names = new Map([[kernel.addNamespace(10), 'ns1']]);
    kernel.open().commit([put, { type: 'bind', inode: 10, birth: 0n, digest: DIGEST, initial: false }]);
    kernel.openDevices = 0;
    reader = makeReader();
    kernel.count(10, counters(1n, 4n));
    kernel.count(10, counters(2n, 0n));
  });

  it('gives those that counted anything, by the name of the namespace', () => {
    const epoch = kernel.open().list().namespaces[0]!.binding!.epoch;
    kernel.openDevices = 0;
    expect(reader.read().bindings).toEqual([
      { namespace: 'ns1', epoch, rules: [{ ...counters(1n, 4n), idleMs: 7n }], hooks: [] },
    ]);
    expect(kernel.openDevices).toBe(0);
  });

  it('gives what changed since, and everything when it starts over', () => {
    reader.read();
    expect(reader.read().bindings).toEqual([]);
    reader.startOver();
    expect(reader.read().bindings).toHaveLength(1);
  });

  it('starts over by itself when the module was reloaded', () => {
    reader.read();
    kernel.instance += 1n;
    expect(reader.read().bindings).toHaveLength(1);
  });

  it('does not lose a binding whose name is not known yet', () => {
    const later = names;
    names = new Map();
    expect(reader.read().bindings).toEqual([]);
    names = later;
    expect(reader.read().bindings).toHaveLength(1);
  });

  it('gives what a binding counted last before its namespace died, by the name that this had', () => {
    reader.read();
    kernel.count(10, counters(1n, 9n));
    die();
    reader.startOver();
    expect(reader.read().bindings).toMatchObject([{ namespace: 'ns1', rules: [{ packets: 9n }] }]);
  });

  it('gives it again to whoever starts over, though the kernel has let it go', () => {
    die();
    reader.read();
    expect(reader.read().bindings).toEqual([]);
    reader.startOver();
    expect(reader.read().bindings).toMatchObject([{ namespace: 'ns1', rules: [{ packets: 4n }] }]);
  });

  it('loses nothing of a namespace whose name nobody knows', () => {
    die();
    formerNames = new Map();
    expect(reader.read().bindings).toMatchObject([{ namespace: 'inode:10', rules: [{ packets: 4n }] }]);
  });

  it('gives what is gone before what has its name now', () => {
    die();
    names = new Map([[kernel.addNamespace(11), 'ns1']]);
    kernel.open().commit([{ type: 'bind', inode: 11, birth: 0n, digest: DIGEST, initial: false }]);
    kernel.count(11, counters(1n, 1n));
    expect(reader.read().bindings).toMatchObject([
      { rules: [{ packets: 4n }] },
      { rules: [{ packets: 1n }] },
    ]);
  });

  it('says who decided where no rule did', () => {
    const none = {
      seen: 0n,
      accepted: 0n,
      dropped: 0n,
      rejected: 0n,
      malformed: 0n,
      shadow: 0n,
      defaulted: 0n,
    };
    const hooks = [
      none,
      { ...none, seen: 3n, dropped: 3n, defaulted: 2n },
      { ...none, seen: 1n, accepted: 1n },
    ];
    reader = makeReader(() => {
      const device = kernel.open();
      const stats = device.stats(0n);
      device.stats = () => ({ ...stats, bindings: stats.bindings.map((one) => ({ ...one, hooks })) });
      return device;
    });
    expect(reader.read().bindings[0]?.hooks.map(({ hook, byDefault }) => [hook, byDefault])).toEqual([
      [Hook.INPUT, { policy: `ns1 ${Hook.INPUT}`, verdict: Action.DROP }],
      [Hook.FORWARD, undefined],
    ]);
  });

  it('says how many bindings the module let go of before they were read', () => {
    reader = makeReader(() => {
      const device = kernel.open();
      const stats = device.stats(0n);
      device.stats = () => ({ ...stats, lost: 3 });
      return device;
    });
    expect(reader.read().lostBindings).toBe(3);
  });

  it('gives nothing while the module is not loaded', () => {
    kernel.loaded = false;
    expect(reader.read().bindings).toEqual([]);
  });
});
