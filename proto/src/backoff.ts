/** How long to wait before the next try at something that a peer refuses or cannot answer. */

export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds. */
  initialMs: number;
  /** Upper bound of every wait, in milliseconds. */
  maxMs: number;
  /** Uniform in [0, 1); Math.random when left out. */
  random?: () => number;
}

/**
 * Exponential backoff with jitter: the n-th wait is drawn uniformly from [bound / 2, bound], where bound is
 * initialMs * 2^(n-1), at most maxMs. The half that is fixed keeps a flapping peer from being hammered; the half that is
 * drawn keeps a fleet that lost the same peer from coming back at once.
 */
export class Backoff {
  #tries = 0;

  constructor(private readonly options: BackoffOptions) {}

  /** Milliseconds to wait before the next try. */
  next(): number {
    const { initialMs, maxMs, random = Math.random } = this.options;
    const bound = Math.min(maxMs, initialMs * 2 ** this.#tries);
    if (bound < maxMs) this.#tries += 1;
    return bound / 2 + (random() * bound) / 2;
  }

  /** To be called when a try has succeeded for good: the next wait is a first one. */
  reset(): void {
    this.#tries = 0;
  }
}
