/** How often hosts are to report statistics: sooner while somebody watches, and never more of them together than the controller takes well. */

/** What agents do before they are told (ReportSettings). */
const UNWATCHED_MS = 15_000;
const WATCHED_MS = 1000;
/** Of all hosts: 1,000 reports a second. */
const MS_A_HOST = 1;

export class ReportInterval {
  #isWatched = false;
  #ms = UNWATCHED_MS;

  get ms(): number {
    return this.#ms;
  }

  /** Whether agents have to be told. */
  get isUsual(): boolean {
    return this.#ms === UNWATCHED_MS;
  }

  /** Somebody begins to watch, or the last one is gone. */
  setWatched(isWatched: boolean, hosts: number): void {
    this.#isWatched = isWatched;
    this.#ms = this.#wanted(hosts);
  }

  /** There are so many hosts now. True when all have to be told of a longer interval; it gets shorter with `setWatched` alone. */
  hasGrown(hosts: number): boolean {
    const wanted = this.#wanted(hosts);
    if (wanted <= this.#ms) return false;
    this.#ms = wanted;
    return true;
  }

  /** In whole seconds, so that it does not change with every host. */
  #wanted(hosts: number): number {
    const least = Math.ceil((hosts * MS_A_HOST) / 1000) * 1000;
    return Math.max(least, this.#isWatched ? WATCHED_MS : UNWATCHED_MS);
  }
}
