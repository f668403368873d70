/** Reads the counters of the bindings from the kernel, under the names that people know. */
import {
  EVERY_HOOK,
  KernelUnavailable,
  type BindingStats,
  type DefaultVerdict,
  type Hook,
  type KernelDevice,
  type KernelInfo,
  type RuleCounters,
  type Totals,
} from '../kernel-device';

/** Counters of one binding; cumulative within the epoch. */
export interface BindingSample {
  namespace: string;
  epoch: bigint;
  /** Those that changed, and counted anything at all. */
  rules: RuleSample[];
  /** By hook: those that have seen anything. */
  hooks: readonly HookSample[];
}

export interface RuleSample extends RuleCounters {
  /** How long ago it was hit last, in milliseconds. */
  idleMs: bigint;
}

export interface HookSample {
  hook: Hook;
  totals: Totals;
  /** What decides where no rule does, and the name of the policy that states it; undefined where none does. */
  byDefault: DefaultOrigin | undefined;
}

export interface DefaultOrigin {
  policy: string;
  verdict: DefaultVerdict;
}

export interface StatsSample {
  /** Those in which something changed. */
  bindings: BindingSample[];
  /** Undefined while the module is not loaded. */
  kernel: KernelInfo | undefined;
  /** Bindings that ended and whose last counts the module had no room for, since it was loaded. */
  lostBindings: number;
}

export interface StatsReaderOptions {
  openKernel: () => KernelDevice;
  /** Names of namespaces by birth id, as they are now. */
  names: () => ReadonlyMap<bigint, string>;
  /** The name that one had which is gone, as far as it is known. */
  formerName: (birth: bigint) => string | undefined;
  defaultOf: (namespace: string, hook: Hook) => DefaultOrigin | undefined;
  /** CLOCK_BOOTTIME in milliseconds. */
  bootTimeMs: () => number;
}

type NamedStats = BindingStats & { readonly namespace: string };

/** Ended bindings that are told again by a reader that starts over. */
const MAX_ENDED = 256;

/**
 * The kernel is the memory: a reader that starts over gets everything again, and since the counters are cumulative, what is
 * read twice does no harm. What the kernel lets go once it was read, the last counts of bindings that have ended, is kept here: what was told
 * of it may have been lost with the stream.
 */
export class StatsReader {
  #cursor = 0n;
  #instance: bigint | undefined;
  /** By epoch, oldest first. */
  readonly #ended = new Map<bigint, NamedStats>();

  constructor(private readonly options: StatsReaderOptions) {}

  /** The next read gives everything. */
  startOver(): void {
    this.#cursor = 0n;
  }

  /** What changed since the last read. Empty while the module is not loaded; throws when it fails otherwise. */
  read(): StatsSample {
    try {
      const kernel = this.options.openKernel();
      try {
        return this.#readFrom(kernel);
      } finally {
        kernel.close();
      }
    } catch (error) {
      if (error instanceof KernelUnavailable) return { bindings: [], kernel: undefined, lostBindings: 0 };
      throw error;
    }
  }

  #readFrom(kernel: KernelDevice): StatsSample {
    const info = kernel.opening;
    if (info.instance !== this.#instance) this.startOver();
    this.#instance = info.instance;
    const isAnew = this.#cursor === 0n;
    const { cursor, lost: lostBindings, bindings } = kernel.stats(this.#cursor);
    const names = this.options.names();
    const named = bindings.flatMap((binding) => this.#named(binding, names));
    // A binding whose name is not known yet is not lost: the next read begins where this one did.
    if (named.length === bindings.length) this.#cursor = cursor;
    this.#keepEnded(named);
    const ended = isAnew ? [...this.#ended.values()] : named.filter((one) => one.ended);
    // First, so that what lives is what was heard of last.
    const told = [...ended, ...named.filter((one) => !one.ended)];
    return { bindings: told.flatMap((binding) => this.#sample(binding)), kernel: info, lostBindings };
  }

  #named(binding: BindingStats, names: ReadonlyMap<bigint, string>): NamedStats[] {
    const { birth, inode, ended } = binding;
    const known = names.get(birth);
    const namespace = ended ? (known ?? this.options.formerName(birth) ?? `inode:${inode}`) : known;
    return namespace === undefined ? [] : [{ ...binding, namespace }];
  }

  #keepEnded(named: readonly NamedStats[]): void {
    for (const binding of named) if (binding.ended) this.#ended.set(binding.epoch, binding);
    for (const epoch of this.#ended.keys()) {
      if (this.#ended.size <= MAX_ENDED) return;
      this.#ended.delete(epoch);
    }
  }

  #sample({ namespace, epoch, rules, hooks }: NamedStats): BindingSample[] {
    const now = BigInt(Math.round(this.options.bootTimeMs()));
    const counted = rules.map((rule) => ({
      ...rule,
      idleMs: now > rule.lastHit ? now - rule.lastHit : 0n,
    }));
    const seen = EVERY_HOOK.flatMap((hook) => {
      const totals = hooks[hook];
      return totals !== undefined && totals.seen > 0n
        ? [{ hook, totals, byDefault: this.#defaultOf(namespace, hook, totals) }]
        : [];
    });
    if (counted.length === 0 && seen.length === 0) return [];
    return [{ namespace, epoch, rules: counted, hooks: seen }];
  }

  /** Asked only where it has decided anything. */
  #defaultOf(namespace: string, hook: Hook, { defaulted }: Totals): DefaultOrigin | undefined {
    return defaulted === 0n ? undefined : this.options.defaultOf(namespace, hook);
  }
}
