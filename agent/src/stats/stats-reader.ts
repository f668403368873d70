/** Reads the counters of the bindings from the kernel, under the names that people know. */
import {
  EVERY_HOOK,
  KernelUnavailable,
  type BindingStats,
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
  hooks: readonly { hook: Hook; totals: Totals }[];
}

export interface RuleSample extends RuleCounters {
  /** How long ago it was hit last, in milliseconds. */
  idleMs: bigint;
}

export interface StatsSample {
  /** Those in which something changed. */
  bindings: BindingSample[];
  /** Undefined while the module is not loaded. */
  kernel: KernelInfo | undefined;
}

export interface StatsReaderOptions {
  openKernel: () => KernelDevice;
  /** Names of namespaces by birth id, as they are now. */
  names: () => ReadonlyMap<bigint, string>;
  /** CLOCK_BOOTTIME in milliseconds. */
  bootTimeMs: () => number;
}

/**
 * The kernel is the memory: a reader that starts over gets everything again, and since the counters are cumulative, what is
 * read twice does no harm.
 */
export class StatsReader {
  #cursor = 0n;
  #instance: bigint | undefined;

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
      if (error instanceof KernelUnavailable) return { bindings: [], kernel: undefined };
      throw error;
    }
  }

  #readFrom(kernel: KernelDevice): StatsSample {
    const info = kernel.opening;
    if (info.instance !== this.#instance) this.startOver();
    this.#instance = info.instance;
    const { cursor, bindings } = kernel.stats(this.#cursor);
    const names = this.options.names();
    // A binding whose name is not known yet is not lost: the next read begins where this one did.
    if (bindings.every(({ birth, ended }) => ended || names.has(birth))) this.#cursor = cursor;
    const now = BigInt(Math.round(this.options.bootTimeMs()));
    return {
      bindings: bindings.flatMap((binding) => sample(binding, names.get(binding.birth), now)),
      kernel: info,
    };
  }
}

function sample(
  { epoch, rules, hooks }: BindingStats,
  namespace: string | undefined,
  now: bigint,
): BindingSample[] {
  const counted = rules
    .filter(({ packets }) => packets > 0n)
    .map((rule) => ({ ...rule, idleMs: now > rule.lastHit ? now - rule.lastHit : 0n }));
  const seen = EVERY_HOOK.flatMap((hook) => {
    const totals = hooks[hook];
    return totals !== undefined && totals.seen > 0n ? [{ hook, totals }] : [];
  });
  if (namespace === undefined || (counted.length === 0 && seen.length === 0)) return [];
  return [{ namespace, epoch, rules: counted, hooks: seen }];
}
