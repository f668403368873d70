/** The newest entries, for whoever follows the log closely: all of them share one memory, which is bounded. */
import type { AuditEntry } from './audit-entry';

const MAX_BYTES = 4 << 20;

interface Kept {
  readonly entry: AuditEntry;
  readonly bytes: number;
}

export class RecentEntries {
  #kept: Kept[] = [];
  #bytes = 0;

  /** `bytes`: how long its line is. */
  add(entry: AuditEntry, bytes: number): void {
    this.#kept.push({ entry, bytes });
    this.#bytes += bytes;
    let surplus = 0;
    while (this.#bytes > MAX_BYTES && surplus < this.#kept.length - 1) {
      this.#bytes -= this.#kept[surplus]?.bytes ?? 0;
      surplus += 1;
    }
    if (surplus > 0) this.#kept = this.#kept.slice(surplus);
  }

  /** Those after the one of that number; undefined when the next one is not among them. */
  after(sequence: number): AuditEntry[] | undefined {
    const [oldest] = this.#kept;
    if (oldest === undefined || oldest.entry.sequence > sequence + 1) return undefined;
    return this.#kept.slice(sequence + 1 - oldest.entry.sequence).map(({ entry }) => entry);
  }
}
