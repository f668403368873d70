/** Rates at times, which rise. By series: per second; null where it is not known. */
export interface KnownRates {
  readonly times: readonly number[];
  readonly series: readonly (readonly (number | null)[])[];
}

/**
 * Cumulative counts to counts per second, for the last few minutes.
 *
 * A message only comes when something changed, at most one in `intervalSeconds`. So after a gap nothing had changed up to one interval
 * before the message: 100 counts in a message that comes after a quiet minute are 100 a second for a second, not 1.7 for a minute. A
 * count that falls has begun anew (the controller was started again): it says nothing of a rate.
 */
export interface RateWindowOptions {
  readonly keepSeconds: number;
  /** Between messages, at the least. 1 when left out. */
  readonly intervalSeconds?: number;
  /**
   * For so long after a stream began nothing is said of rates, 0 when left out: hosts that were not watched have counted for 15 s, and tell it
   * within a second of being watched.
   */
  readonly settleSeconds?: number;
}

export class RateWindow implements KnownRates {
  #last: { readonly seconds: number; readonly counts: readonly number[] } | undefined;
  /** When the stream of counts began: rates are known from there on. */
  #began: number | undefined;
  readonly times: number[] = [];
  /** By series: per second; null where it is not known. */
  readonly series: (number | null)[][];

  readonly #options: Required<RateWindowOptions>;

  constructor(
    private readonly seriesCount: number,
    options: RateWindowOptions,
  ) {
    this.#options = { intervalSeconds: 1, settleSeconds: 0, ...options };
    this.series = Array.from({ length: seriesCount }, () => []);
  }

  /** What had been counted by then; `seconds` rises with every call. */
  push(seconds: number, counts: readonly number[]): void {
    this.#began ??= seconds;
    if (this.#last !== undefined && seconds - this.#last.seconds > 2 * this.#options.intervalSeconds) {
      this.#add(seconds - this.#options.intervalSeconds, this.#last.counts);
    }
    this.#add(seconds, counts);
  }

  /** No message has come by then. */
  quiet(seconds: number): void {
    const upTo = seconds - 2 * this.#options.intervalSeconds;
    if (this.#last !== undefined && upTo > this.#last.seconds) this.#add(upTo, this.#last.counts);
  }

  #add(seconds: number, counts: readonly number[]): void {
    const last = this.#last;
    this.#last = { seconds, counts };
    if (last === undefined || seconds <= last.seconds) return;
    if (seconds - (this.#began ?? seconds) <= this.#options.settleSeconds) return;
    this.times.push(seconds);
    for (let i = 0; i < this.seriesCount; i++) {
      const rise = (counts[i] ?? 0) - (last.counts[i] ?? 0);
      this.series[i]?.push(rise < 0 ? null : rise / (seconds - last.seconds));
    }
    this.#forget(seconds - this.#options.keepSeconds);
  }

  /** What is known from elsewhere of the time before the stream began takes the place of all that stands there. */
  fillPast(past: KnownRates): void {
    const began = this.#began ?? Infinity;
    const isPast = (time: number): boolean => time <= began;
    const gone = this.times.filter(isPast).length;
    const count = past.times.filter(isPast).length;
    this.times.splice(0, gone, ...past.times.slice(0, count));
    this.series.forEach((one, i) => one.splice(0, gone, ...(past.series[i] ?? []).slice(0, count)));
  }

  /** What follows is not to be held to what came before: the stream was cut. */
  break(): void {
    const { times, series } = this;
    if (this.#last !== undefined && times.length > 0) {
      times.push(this.#last.seconds + 0.001);
      for (const one of series) one.push(null);
    }
    this.#last = undefined;
    this.#began = undefined;
  }

  /** The newest rates. */
  latest(): (number | null)[] {
    return this.series.map((one) => one.at(-1) ?? null);
  }

  #forget(before: number): void {
    const gone = this.times.findIndex((time) => time >= before);
    if (gone <= 0) return;
    this.times.splice(0, gone);
    for (const one of this.series) one.splice(0, gone);
  }
}
