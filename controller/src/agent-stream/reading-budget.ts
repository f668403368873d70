/**
 * Bounds how much of the controller's time each host's messages take: whoever takes more than his share is read more slowly, by flow
 * control, until he is back within it. So nothing that a host sends, however much and of whatever kind, slows what is sent to the others.
 *
 * At a share of a tenth, messages of 1 ms may come 100 times a second, and those of 100 ms once. Each host may be 30 s ahead, which is 3 s
 * of the controller's time: what a stream begins with, and all that an honest host says, is read as it comes, also by a slow controller.
 */
interface Source {
  pause(): unknown;
  resume(): unknown;
}

const SHARE = 0.1;
const AHEAD_MS = 30_000;

export class ReadingBudgets {
  /** By host: when what was read of it is paid for. */
  readonly #paidAt = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** For a stream of the host. It is paused at once when earlier ones have not been paid for. */
  open(host: string, source: Source): ReadingBudget {
    return new ReadingBudget(source, {
      charge: (ms) => this.#paidAt.set(host, Math.max(this.#paidAt.get(host) ?? 0, this.now()) + ms),
      overdrawn: () => (this.#paidAt.get(host) ?? 0) - this.now() - AHEAD_MS,
      close: () => {
        if ((this.#paidAt.get(host) ?? 0) < this.now()) this.#paidAt.delete(host);
      },
    });
  }
}

interface Account {
  charge(ms: number): void;
  /** For how long nothing more may be read. */
  overdrawn(): number;
  close(): void;
}

class ReadingBudget {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly source: Source,
    private readonly account: Account,
  ) {
    this.#pauseIfOverdrawn();
  }

  /** A message has taken this long. */
  spend(ms: number): void {
    this.account.charge(ms / SHARE);
    if (this.#timer === undefined) this.#pauseIfOverdrawn();
  }

  /** The stream has ended. */
  close(): void {
    clearTimeout(this.#timer);
    this.account.close();
  }

  #pauseIfOverdrawn(): void {
    const ms = this.account.overdrawn();
    if (ms <= 0) return;
    this.source.pause();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.source.resume();
      this.#pauseIfOverdrawn();
    }, ms);
  }
}
