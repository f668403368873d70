/** For how long namespaces have been seen in quarantine, by looks at all of them. */

interface Seen {
  readonly since: number;
  look: number;
}

export class QuarantineWatch {
  /** By host and birth id: inodes and names come back. */
  readonly #seen = new Map<string, Seen>();
  #look = 0;

  /** `now`: milliseconds of a clock that nobody sets. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A look at all namespaces begins. */
  begin(): void {
    this.#look += 1;
  }

  see(hostId: string, birthId: bigint): void {
    const key = `${hostId}/${birthId}`;
    const known = this.#seen.get(key);
    if (known === undefined) this.#seen.set(key, { since: this.now(), look: this.#look });
    else known.look = this.#look;
  }

  /** The look has ended: what it did not see is in quarantine no more. */
  end(): void {
    for (const [key, { look }] of this.#seen) if (look !== this.#look) this.#seen.delete(key);
  }

  /** Of the one that was seen first; 0 for none. The time before its first look is not in it. */
  oldestSeconds(): number {
    const [oldest] = this.#seen.values();
    return oldest === undefined ? 0 : (this.now() - oldest.since) / 1000;
  }
}
