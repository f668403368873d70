/** Reads the counters of the bindings from the kernel, under the names that people know. */
import { KernelUnavailable, type BindingStats, type KernelDevice, type RuleCounters } from '../kernel-device';

/** Counters of one binding; cumulative within the epoch. */
export interface BindingSample {
  namespace: string;
  epoch: bigint;
  /** Those that changed, and counted anything at all. */
  rules: RuleCounters[];
}

export interface StatsReaderOptions {
  openKernel: () => KernelDevice;
  /** Names of namespaces by birth id, as they are now. */
  names: () => ReadonlyMap<bigint, string>;
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
  read(): BindingSample[] {
    try {
      const kernel = this.options.openKernel();
      try {
        return this.#readFrom(kernel);
      } finally {
        kernel.close();
      }
    } catch (error) {
      if (error instanceof KernelUnavailable) return [];
      throw error;
    }
  }

  #readFrom(kernel: KernelDevice): BindingSample[] {
    const { instance } = kernel.opening;
    if (instance !== this.#instance) this.startOver();
    this.#instance = instance;
    const { cursor, bindings } = kernel.stats(this.#cursor);
    const names = this.options.names();
    // A binding whose name is not known yet is not lost: the next read begins where this one did.
    if (bindings.every(({ birth }) => names.has(birth))) this.#cursor = cursor;
    return bindings.flatMap((binding) => sample(binding, names.get(binding.birth)));
  }
}

function sample({ epoch, rules }: BindingStats, namespace: string | undefined): BindingSample[] {
  const counted = rules.filter(({ packets }) => packets > 0n);
  return namespace === undefined || counted.length === 0 ? [] : [{ namespace, epoch, rules: counted }];
}
