/** What is remembered of hosts over restarts of the controller, so that a host that is away is still listed. */
import type { Database } from 'better-sqlite3';
import type { HostDescription } from '../model/host';
import type { Labels } from '../model/selector';
import { openDatabase } from '../sqlite-database';

export interface HostRecord extends HostDescription {
  /** Given by operators. */
  readonly operatorLabels: Labels;
  readonly stateChangeTime: Date;
  readonly acknowledgedRevision: bigint;
}

export interface HostRecords {
  load(): HostRecord[];
  save(record: HostRecord): void;
  remove(id: string): void;
  close(): void;
}

type Pairs = [string, string][];
/** What was stored before operators gave labels has none. */
type StoredBody = Omit<HostDescription, 'labels'> & { labels: Pairs; operatorLabels?: Pairs };

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
      const body = JSON.parse(row.body) as StoredBody;
      return {
        ...body,
        labels: new Map(body.labels),
        operatorLabels: new Map(body.operatorLabels ?? []),
        stateChangeTime: new Date(Number(row.state_change_time)),
        acknowledgedRevision: row.acknowledged_revision,
      };
    });
  }

  save({ stateChangeTime, acknowledgedRevision, operatorLabels, ...description }: HostRecord): void {
    const stored: StoredBody = {
      ...description,
      labels: [...description.labels],
      operatorLabels: [...operatorLabels],
    };
    const body = JSON.stringify(stored);
    this.#database
      .prepare('INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?)')
      .run(description.id, body, acknowledgedRevision, stateChangeTime.getTime());
  }

  remove(id: string): void {
    this.#database.prepare('DELETE FROM hosts WHERE id = ?').run(id);
  }

  close(): void {
    this.#database.close();
  }
}
