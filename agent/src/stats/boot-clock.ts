/** The clock by which the kernel module tells times, and what it says in the time of people. */
import { readFileSync } from 'node:fs';

/** A step of the wall clock by more than this is followed; less is the coarseness of /proc/uptime (10 ms) and of scheduling. */
const TOLERANCE_MS = 50;

/** CLOCK_BOOTTIME in milliseconds, to 10 ms (proc_uptime(5)). */
export function bootTimeMs(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
}

/** Boot time to wall time; times that follow each other stay in order while nobody sets the clock. */
export class BootClock {
  #offsetMs = NaN;

  constructor(
    private readonly bootMs: () => number = bootTimeMs,
    private readonly wallMs: () => number = Date.now,
  ) {}

  /** Looks at the clocks: before each batch of times. */
  look(): void {
    const offset = this.wallMs() - this.bootMs();
    if (!(Math.abs(offset - this.#offsetMs) <= TOLERANCE_MS)) this.#offsetMs = offset;
  }

  /** The wall time of a CLOCK_BOOTTIME in nanoseconds. */
  wallTime(bootNs: bigint): Date {
    return new Date(Math.round(Number(bootNs / 1000n) / 1000 + this.#offsetMs));
  }
}
