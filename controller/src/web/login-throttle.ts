/** How often who does not know a token may guess. */

const WINDOW_MS = 60_000;
const MAX_OF_ADDRESS = 10;
const MAX_OF_ALL = 100;

/** Counts failed tries of each address, and of all together, in windows of a minute. Bounded: by MAX_OF_ALL addresses. */
export class LoginThrottle {
  #began = -Infinity;
  #failed = new Map<string, number>();
  #total = 0;

  /** `now` in milliseconds, of a clock that only rises. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** How long the address has to wait before it may try, in seconds; 0 if it may now. */
  waitSeconds(address: string): number {
    this.#turn();
    const mayTry = this.#total < MAX_OF_ALL && (this.#failed.get(address) ?? 0) < MAX_OF_ADDRESS;
    return mayTry ? 0 : Math.max(1, Math.ceil((this.#began + WINDOW_MS - this.now()) / 1000));
  }

  noteFailure(address: string): void {
    this.#turn();
    this.#total += 1;
    this.#failed.set(address, (this.#failed.get(address) ?? 0) + 1);
  }

  #turn(): void {
    if (this.now() - this.#began < WINDOW_MS) return;
    this.#began = this.now();
    this.#failed = new Map();
    this.#total = 0;
  }
}
