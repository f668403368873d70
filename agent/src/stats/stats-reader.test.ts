import { Action, type CommitObject } from '../kernel-device';
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
  let reader: StatsReader;

  beforeEach(() => {
    kernel = new FakeKernel();
    const put: CommitObject = { type: 'ruleset-put', digest: DIGEST, ruleset: RULESET };
    names = new Map([[kernel.addNamespace(10), 'ns1']]);
    kernel.open().commit([put, { type: 'bind', inode: 10, birth: 0n, digest: DIGEST, initial: false }]);
    kernel.openDevices = 0;
    reader = new StatsReader({ openKernel: kernel.open, names: () => names, bootTimeMs: () => 12 });
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

  it('gives nothing while the module is not loaded', () => {
    kernel.loaded = false;
    expect(reader.read().bindings).toEqual([]);
  });
});
