/** Notices that the kernel's side has changed by itself: module loaded, unloaded or reloaded, or changed by another program. */
import { KernelUnavailable, type KernelDevice, type KernelInfo } from '../kernel-device';

export interface KernelWatchOptions {
  openKernel: () => KernelDevice;
  intervalMs: number;
  /** What the last pass of the reconcile loop saw, as describeKernel puts it. */
  seen: () => string | undefined;
  /** The kernel is not as it was seen. Called once for each new state. */
  onChange: () => void;
  /** The module answered. */
  onLook?: (info: KernelInfo) => void;
}

/** What tells one state of the kernel module from another. */
export function describeKernel({
  instance,
  generation,
}: Pick<KernelInfo, 'instance' | 'generation'>): string {
  return `${instance} ${generation}`;
}

/** Asks for a few numbers at an interval, which costs some microseconds. */
export class KernelWatch {
  #timer: NodeJS.Timeout | undefined;
  #last: string | undefined;

  constructor(private readonly options: KernelWatchOptions) {}

  start(): void {
    this.#timer = setInterval(() => this.#check(), this.options.intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = this.#look();
    const isNew = now !== this.#last && now !== this.options.seen();
    this.#last = now;
    if (isNew) this.options.onChange();
  }

  #look(): string {
    try {
      const kernel = this.options.openKernel();
      try {
        this.options.onLook?.(kernel.opening);
        return describeKernel(kernel.opening);
      } finally {
        kernel.close();
      }
    } catch (error) {
      // Any other failure is met, and reported, by the next pass.
      return error instanceof KernelUnavailable ? error.state : String(error);
    }
  }
}
