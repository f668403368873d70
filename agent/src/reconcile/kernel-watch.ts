/** Notices that the kernel's side has changed by itself: module loaded, unloaded or reloaded, namespaces born or dead. */
import { KernelUnavailable, type KernelDevice } from '../kernel-device';

export interface KernelWatchOptions {
  openKernel: () => KernelDevice;
  intervalMs: number;
  onChange: () => void;
}

/**
 * Asks for a few numbers at an interval. They also change by what the agent itself commits; the pass that such a change asks
 * for finds nothing to do.
 */
export class KernelWatch {
  #timer: NodeJS.Timeout | undefined;
  #last: string | undefined;

  constructor(private readonly options: KernelWatchOptions) {}

  start(): void {
    this.#last = this.#look();
    this.#timer = setInterval(() => this.#check(), this.options.intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = this.#look();
    if (now === this.#last) return;
    this.#last = now;
    this.options.onChange();
  }

  #look(): string {
    try {
      const kernel = this.options.openKernel();
      try {
        const { instance, generation, namespaces, bindings } = kernel.info();
        return [instance, generation, namespaces, bindings].join(' ');
      } finally {
        kernel.close();
      }
    } catch (error) {
      if (error instanceof KernelUnavailable) return error.state;
      return `fault: ${String(error)}`;
    }
  }
}
