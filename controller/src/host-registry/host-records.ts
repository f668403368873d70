/** What is remembered of hosts over restarts of the controller, so that a host that is away is still listed. */
import type { Database } from 'better-sqlite3';
import type { HostDescription } from '../model/host';
import { openDatabase } from '../sqlite-database';

export interface HostRecord extends HostDescription {
  readonly stateChangeTime: Date;
  readonly acknowledgedRevision: bigint;
}

export interface HostRecords {
  load(): HostRecord[];
  save(record: HostRecord): void;
  close(): void;
}

interface Row {
  body: string;
  acknowledged_revision: bigint;
  state_change_time: bigint;
}

/** Keeps them in a SQLite file of its own: losing the last second of it loses nothing that anybody wrote. */
export class SqliteHostRecords implements HostRecords {
  readonly #database: Database;

  constructor(folder: string) {
    this.#database = openDatabase({ folder, file: 'hosts.db', durability: 'crash' });
    this.#database.exec(`
      CREATE TABLE IF NOT EXISTS hosts (
        id TEXT PRIMARY KEY,
        body TEXT NOT NULL,
        acknowledged_revision INTEGER NOT NULL,
        state_change_time INTEGER NOT NULL    -- milliseconds since 1970
      ) STRICT, WITHOUT ROWID`);
  }

  load(): HostRecord[] {
    const rows = this.#database.prepare('SELECT * FROM hosts').all() as Row[];
    return rows.map((row) => {
      const body = JSON.parse(row.body) as Omit<HostDescription, 'labels'> & { labels: [string, string][] };
      return {
        ...body,
        labels: new Map(body.labels),
        stateChangeTime: new Date(Number(row.state_change_time)),
        acknowledgedRevision: row.acknowledged_revision,
      };
    });
  }

  save({ stateChangeTime, acknowledgedRevision, ...description }: HostRecord): void {
    const body = JSON.stringify({ ...description, labels: [...description.labels] });
    this.#database
      .prepare('INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?)')
      .run(description.id, body, acknowledgedRevision, stateChangeTime.getTime());
  }

  close(): void {
    this.#database.close();
  }
}
