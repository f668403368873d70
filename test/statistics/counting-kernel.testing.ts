/** A module that counts and tells as kmod/uapi/nsgate.h says under `stats`, in memory: what tests hold the rest to. */
import type {
  BindingStats,
  KernelDevice,
  KernelInfo,
  RuleCounters,
  Stats,
  Totals,
} from '../../agent/src/kernel-device';

interface Counter {
  packets: bigint;
  /** When it changed last. */
  changedAt: bigint;
}

interface Binding {
  readonly birth: bigint;
  readonly epoch: bigint;
  readonly rules: Map<bigint, Counter>;
  readonly input: Counter;
}

interface Ended {
  readonly stats: BindingStats;
  /** Of the reply that told it. */
  toldBy: bigint | undefined;
}

const NONE: Totals = {
  ...{ seen: 0n, accepted: 0n, dropped: 0n, rejected: 0n, malformed: 0n, shadow: 0n, defaulted: 0n },
};
const wrapped = (value: bigint): bigint => BigInt.asUintN(64, value);

export class CountingKernel {
  /** By name of the namespace. */
  readonly #bindings = new Map<string, Binding>();
  #ended: Ended[] = [];
  #clock = 1n;
  /** The highest that any request came with. */
  #cursor = 0n;
  #serial = 100n;

  /** Names by birth. */
  get names(): Map<bigint, string> {
    return new Map([...this.#bindings].map(([name, { birth }]) => [birth, name]));
  }

  readonly open = (): KernelDevice =>
    ({
      opening: { instance: 1n } as KernelInfo,
      stats: (cursor: bigint) => this.#stats(cursor),
      close: () => undefined,
    }) as unknown as KernelDevice;

  /** The namespace is there, bound; in place of one of that name, if there was one. */
  make(name: string): void {
    this.#end(name);
    const input = { packets: 0n, changedAt: 0n };
    this.#bindings.set(name, {
      birth: (this.#serial += 1n),
      epoch: (this.#serial += 1n),
      rules: new Map(),
      input,
    });
  }

  /** A rule has dropped packets. */
  count(name: string, rule: bigint, packets: bigint): void {
    const binding = this.#bindings.get(name);
    if (binding === undefined) throw new Error(`there is no ${name}`);
    const counter = binding.rules.get(rule) ?? { packets: 0n, changedAt: 0n };
    binding.rules.set(rule, counter);
    this.#clock += 1n;
    for (const one of [counter, binding.input]) {
      one.packets = wrapped(one.packets + packets);
      one.changedAt = this.#clock;
    }
  }

  #end(name: string): void {
    const binding = this.#bindings.get(name);
    this.#bindings.delete(name);
    if (binding === undefined || binding.input.changedAt <= this.#cursor) return;
    this.#ended.push({ stats: { ...this.#statsOf(binding, this.#cursor), ended: true }, toldBy: undefined });
  }

  #stats(cursor: bigint): Stats {
    if (cursor > this.#cursor) this.#cursor = cursor;
    this.#ended = this.#ended.filter(
      ({ toldBy }) => toldBy === undefined || cursor === 0n || toldBy > cursor,
    );
    for (const ended of this.#ended) ended.toldBy ??= this.#clock;
    const changed = [...this.#bindings.values()].filter(({ input }) => input.changedAt > cursor);
    const bindings = [
      ...changed.map((one) => this.#statsOf(one, cursor)),
      ...this.#ended.map(({ stats }) => stats),
    ];
    // Each reply has a cursor of its own.
    const reply = { cursor: this.#clock, lost: 0, bindings };
    this.#clock += 1n;
    return reply;
  }

  #statsOf({ birth, epoch, rules, input }: Binding, cursor: bigint): BindingStats {
    const changed = [...rules].filter(([, { changedAt }]) => changedAt > cursor);
    const counters = changed.map(([id, { packets }]): RuleCounters => ({
      ...{ id, packets, bytes: wrapped(packets * 100n), shadowPackets: 0n, lastHit: 0n },
    }));
    const totals = { ...NONE, seen: input.packets, dropped: input.packets };
    return { birth, epoch, inode: Number(birth), ended: false, hooks: [NONE, totals], rules: counters };
  }
}
