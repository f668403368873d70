/** How fast sums rise between two looks at them. */
import type { StatsGroup } from './grouped-view';

/** In a second. */
export interface Rates {
  readonly packets: number;
  readonly bytes: number;
  readonly shadowPackets: number;
  readonly accepted: number;
  readonly dropped: number;
  readonly rejected: number;
}

type Sums = Readonly<Record<keyof Rates, bigint>>;

const NOTHING: Sums = { packets: 0n, bytes: 0n, shadowPackets: 0n, accepted: 0n, dropped: 0n, rejected: 0n };

export class RateMeter {
  readonly #before = new Map<number, Sums>();
  readonly #moving = new Set<number>();
  #lookedAt: number | undefined;

  /** `now`: milliseconds of a clock that nobody sets. */
  constructor(private readonly now: () => number) {}

  /** Groups that rose when they were last looked at: to be looked at again. */
  get moving(): ReadonlySet<number> {
    return this.#moving;
  }

  /** Since the last look; a group that is new has risen from nothing. Undefined at the first look. */
  measure(
    groups: readonly (readonly [number: number, group: StatsGroup | undefined])[],
  ): (Rates | undefined)[] {
    const now = this.now();
    const seconds = this.#lookedAt === undefined ? undefined : (now - this.#lookedAt) / 1000;
    this.#lookedAt = now;
    return groups.map(([number, group]) => {
      const sums = sumsOf(group);
      const before = this.#before.get(number) ?? NOTHING;
      this.#before.set(number, sums);
      if (seconds === undefined || seconds <= 0) return undefined;
      const rates = ratesOf(before, sums, seconds);
      if (Object.values(rates).some((rate) => rate > 0)) this.#moving.add(number);
      else this.#moving.delete(number);
      return rates;
    });
  }
}

function sumsOf(group: StatsGroup | undefined): Sums {
  if (group === undefined) return NOTHING;
  const { accepted = 0n, dropped = 0n, rejected = 0n } = group.traffic ?? {};
  return { ...group.counters, accepted, dropped, rejected };
}

function ratesOf(before: Sums, now: Sums, seconds: number): Rates {
  const rate = (name: keyof Rates): number => Number(now[name] - before[name]) / seconds;
  return {
    packets: rate('packets'),
    bytes: rate('bytes'),
    shadowPackets: rate('shadowPackets'),
    accepted: rate('accepted'),
    dropped: rate('dropped'),
    rejected: rate('rejected'),
  };
}
