/** A failure of any part of the demo, which ends whatever step is being waited for. */
export class Failure {
  readonly #rejected: Promise<never>;
  #reject: (error: Error) => void = () => undefined;

  constructor() {
    this.#rejected = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // A failure while no step is being waited for is seen by the next one.
    this.#rejected.catch(() => undefined);
  }

  /** Ends the current step, and every later one, with `reason`. */
  report(reason: string): void {
    this.#reject(new Error(reason));
  }

  /** `step`, unless a part fails first or `limit.ms` pass. */
  async orStep<T>(step: Promise<T>, limit: { ms: number; what: string }): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${limit.what} took longer than ${limit.ms / 1000} s`)),
        limit.ms,
      );
    });
    try {
      return await Promise.race([step, this.#rejected, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** `step`, however long it takes, unless a part fails first. */
  async orInterruption(step: Promise<unknown>): Promise<void> {
    await Promise.race([step, this.#rejected]);
  }
}
