/** Steps of statistics in a SQLite file of their own: 1 h at 5 s, 24 h at 1 min; and when rules were hit last. */
import type { Database } from 'better-sqlite3';
import { openDatabase } from '../sqlite-database';
import { foldRows, packRows, unpackRows, type HistoryRow } from './history-step';

export const RESOLUTIONS = [
  { stepMs: 5000, keptMs: 3_600_000 },
  { stepMs: 60_000, keptMs: 86_400_000 },
] as const;

/** A rule key is 64 bits without a sign; SQLite's integers have one. */
const toStored = (key: bigint): bigint => BigInt.asIntN(64, key);
const fromStored = (key: bigint): bigint => BigInt.asUintN(64, key);

export class HistoryStore {
  readonly #database: Database;

  constructor(folder: string) {
    this.#database = openDatabase({ folder, file: 'history.db', durability: 'crash' });
    this.#database.exec(`
      CREATE TABLE IF NOT EXISTS steps (
        step_ms INTEGER NOT NULL,
        end_time INTEGER NOT NULL,            -- milliseconds since 1970, a multiple of step_ms
        body BLOB NOT NULL,                   -- history-step.ts
        PRIMARY KEY (step_ms, end_time)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS rule_hits (
        rule_key INTEGER PRIMARY KEY,
        last_hit INTEGER NOT NULL             -- milliseconds since 1970
      ) STRICT`);
  }

  /** Adds to every resolution what was counted in the step that ended at `endMs`, and lets go what is too old. */
  add(endMs: number, rows: readonly HistoryRow[]): void {
    this.#database.transaction(() => {
      for (const { stepMs, keptMs } of RESOLUTIONS) {
        const end = Math.ceil(endMs / stepMs) * stepMs;
        // A minute grows by its steps; and a step is there already when the clock was set back.
        const before = this.#rows(stepMs, end);
        this.#database
          .prepare('INSERT OR REPLACE INTO steps VALUES (?, ?, ?)')
          .run(stepMs, end, packRows(foldRows([...before, ...rows])));
        this.#database
          .prepare('DELETE FROM steps WHERE step_ms = ? AND end_time <= ?')
          .run(stepMs, endMs - keptMs);
      }
    })();
  }

  /** Ends of the steps behind `fromMs` up to `toMs`, oldest first. */
  ends(stepMs: number, fromMs: number, toMs: number): number[] {
    const rows = this.#database
      .prepare(
        'SELECT end_time AS "end" FROM steps WHERE step_ms = ? AND end_time > ? AND end_time <= ? ORDER BY end_time',
      )
      .all(stepMs, fromMs, toMs) as { end: bigint }[];
    return rows.map(({ end }) => Number(end));
  }

  rows(stepMs: number, endMs: number): HistoryRow[] {
    return this.#rows(stepMs, endMs);
  }

  saveHits(hits: readonly (readonly [key: bigint, at: number])[]): void {
    const insert = this.#database.prepare('INSERT OR REPLACE INTO rule_hits VALUES (?, ?)');
    this.#database.transaction(() => {
      for (const [key, at] of hits) insert.run(toStored(key), Math.round(at));
    })();
  }

  loadHits(): [key: bigint, at: number][] {
    const rows = this.#database.prepare('SELECT rule_key AS key, last_hit AS at FROM rule_hits').all() as {
      key: bigint;
      at: bigint;
    }[];
    return rows.map(({ key, at }) => [fromStored(key), Number(at)]);
  }

  close(): void {
    this.#database.close();
  }

  #rows(stepMs: number, endMs: number): HistoryRow[] {
    const row = this.#database
      .prepare('SELECT body FROM steps WHERE step_ms = ? AND end_time = ?')
      .get(stepMs, endMs) as { body: Buffer } | undefined;
    return row === undefined ? [] : unpackRows(row.body);
  }
}
