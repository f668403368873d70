/**
 * Bounds how much of the controller's time each host's messages take, so that nothing that a host sends, however much and of whatever
 * kind, slows what is sent to the others. Two paces hold at once:
 * - steady: a tenth of the time, and 3 s ahead. What a stream begins with, and all that an honest host says, is within it.
 * - brisk: while a host is ahead, it has a fifth of the time, half a millisecond at a time; work between others' is what they do not feel.
 *
 * A part of 1 ms, at a fifth of the time, is followed by 4 ms for the others; a host that has used up its 3 s waits 9 ms instead.
 */
interface Source {
  pause(): unknown;
  resume(): unknown;
}

interface Pace {
  readonly share: number;
  /** For how long what was read may be unpaid, by the clock. */
  readonly aheadMs: number;
  /** The longest that it keeps anybody waiting. */
  readonly mostMs: number;
}

const STEADY: Pace = { share: 0.1, aheadMs: 30_000, mostMs: Infinity };
/**
 * One piece of work that cannot be split, such as a Hello on a slow machine, is no reason to leave a host unread for long; but the largest message,
 * 84 ms for what it takes to receive, is to have no more than its share.
 */
const BRISK: Pace = { share: 0.2, aheadMs: 2.5, mostMs: 500 };

export class ReadingBudgets {
  /** By host: when what was read of it is paid for, at each pace. */
  readonly #steady = new Map<string, number>();
  readonly #brisk = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** For a stream of the host. It is paused at once when earlier ones have not been paid for. */
  open(host: string, source: Source): ReadingBudget {
    const [steady, brisk] = [new Account(this.#steady, STEADY), new Account(this.#brisk, BRISK)];
    return new ReadingBudget(source, {
      charge: (ms) => {
        const now = this.now();
        steady.charge(host, ms, now);
        brisk.charge(host, ms, now);
      },
      overdrawn: () => {
        const now = this.now();
        return Math.max(steady.overdrawn(host, now), brisk.overdrawn(host, now));
      },
      close: () => {
        steady.forget(host, this.now());
        brisk.forget(host, this.now());
      },
    });
  }
}

class Account {
  constructor(
    private readonly paidAt: Map<string, number>,
    private readonly pace: Pace,
  ) {}

  charge(host: string, ms: number, now: number): void {
    const { share, aheadMs, mostMs } = this.pace;
    const due = Math.max(this.paidAt.get(host) ?? 0, now) + ms / share;
    this.paidAt.set(host, Math.min(due, now + aheadMs + mostMs));
  }

  /** For how long nothing more may be read. */
  overdrawn(host: string, now: number): number {
    return (this.paidAt.get(host) ?? 0) - now - this.pace.aheadMs;
  }

  forget(host: string, now: number): void {
    if ((this.paidAt.get(host) ?? 0) < now) this.paidAt.delete(host);
  }
}

interface Accounts {
  charge(ms: number): void;
  overdrawn(): number;
  close(): void;
}

export class ReadingBudget {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly source: Source,
    private readonly accounts: Accounts,
  ) {
    this.#pauseIfOverdrawn();
  }

  /** Something was read, and has taken this long. */
  spend(ms: number): void {
    this.accounts.charge(ms);
    if (this.#timer === undefined) this.#pauseIfOverdrawn();
  }

  /** The stream has ended. */
  close(): void {
    clearTimeout(this.#timer);
    this.accounts.close();
  }

  #pauseIfOverdrawn(): void {
    const ms = this.accounts.overdrawn();
    if (ms <= 0) return;
    this.source.pause();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.source.resume();
      this.#pauseIfOverdrawn();
    }, ms);
  }
}
