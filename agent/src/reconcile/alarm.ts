/** Calls once, at the earliest of the times that were asked for. It keeps no process alive. */
export class Alarm {
  #set: { timer: NodeJS.Timeout; due: number } | undefined;

  constructor(private readonly ring: () => void) {}

  /** In milliseconds; of several delays the shortest counts. */
  within(delayMs: number): void {
    const due = performance.now() + delayMs;
    if (this.#set !== undefined && this.#set.due <= due) return;
    clearTimeout(this.#set?.timer);
    const timer = setTimeout(() => this.#ring(), delayMs);
    timer.unref();
    this.#set = { timer, due };
  }

  clear(): void {
    clearTimeout(this.#set?.timer);
    this.#set = undefined;
  }

  #ring(): void {
    this.#set = undefined;
    this.ring();
  }
}
