/** The file that all resources of the SQLite driver share: one count of revisions, one log of changes, and who watches. */
import type { Database } from 'better-sqlite3';
import { openDatabase } from '../sqlite-database';
import { causeOf } from '../startup-error';
import type { SetChange } from './address-set-store';
import type { ChangeNote } from './change-note';
import { StoreUnavailable, WatchEnded, type PolicyChange, type WriteRefusal } from './policy-store';
import { migrate } from './sqlite-schema';
import type { WatchQueue } from './watch-queue';

export interface LoggedChange {
  readonly revision: bigint;
  readonly name: string;
  readonly uid: string;
  readonly removed: boolean;
}

interface ChangeRow {
  revision: bigint;
  name: string;
  uid: string;
  removed: bigint;
}

const VERSIONS_OF = [
  ['policy_versions', 'policies'],
  ['address_set_versions', 'address_sets'],
] as const;

/** Thrown within a transaction, ends it without a change. */
export class Refused extends Error {
  constructor(readonly refusal: WriteRefusal) {
    super(refusal.outcome);
  }
}

export class SqliteStoreFile {
  readonly database: Database;
  readonly watchers = new Set<WatchQueue>();

  /** `keepChanges`: that a watch can resume over. */
  constructor(
    folder: string,
    private readonly keepChanges: bigint,
  ) {
    this.database = openDatabase({ folder, file: 'policies.db', durability: 'power-cut' });
    try {
      migrate(this.database);
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /** Does the work as one transaction; with `dryRun` takes all of it back. */
  transact<T>(work: () => T, { dryRun }: { dryRun: boolean }): T {
    const { database } = this;
    if (!dryRun) return database.transaction(work).immediate();
    database.exec('BEGIN IMMEDIATE');
    try {
      return work();
    } finally {
      database.exec('ROLLBACK');
    }
  }

  /** To be called for what is on disk. */
  tell(change: PolicyChange | SetChange): void {
    for (const queue of this.watchers) queue.push(change);
  }

  nextRevision(): bigint {
    const row = this.database
      .prepare('UPDATE store SET revision = revision + 1 RETURNING revision')
      .get() as { revision: bigint };
    return row.revision;
  }

  /** To be called for each change, within its transaction. */
  log({ revision, name, uid, removed }: LoggedChange, { author, reason }: ChangeNote): void {
    this.database
      .prepare('INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(revision, name, uid, removed ? 1 : 0, author, reason, Date.now());
    const compacted = revision - this.keepChanges;
    if (compacted > 0n) this.#compact(compacted);
  }

  revisions(): { readonly revision: bigint; readonly compacted: bigint } {
    return this.database.prepare('SELECT revision, compacted_revision AS compacted FROM store').get() as {
      revision: bigint;
      compacted: bigint;
    };
  }

  /** The last change of each resource that changed since, in order of revision; undefined when that is not known. */
  changesAfter(after: bigint): LoggedChange[] | undefined {
    const { revision, compacted } = this.revisions();
    if (after < compacted || after > revision) return undefined;
    const rows = this.database
      .prepare(
        `SELECT revision, name, uid, removed FROM changes c WHERE revision > ?
         AND NOT EXISTS (SELECT 1 FROM changes l WHERE l.name = c.name AND l.revision > c.revision)
         ORDER BY revision`,
      )
      .all(after) as ChangeRow[];
    return rows.map((row) => ({ ...row, removed: row.removed !== 0n }));
  }

  close(): void {
    for (const queue of this.watchers) queue.end(new WatchEnded('store-closed'));
    this.database.close();
  }

  /** With the removal of a resource go its versions, unless there is one of the name again. */
  #compact(revision: bigint): void {
    for (const [versions, standing] of VERSIONS_OF) {
      this.database
        .prepare(
          `DELETE FROM ${versions} WHERE name IN (SELECT name FROM changes WHERE revision <= ? AND removed = 1)
           AND name NOT IN (SELECT name FROM ${standing})`,
        )
        .run(revision);
    }
    this.database.prepare('DELETE FROM changes WHERE revision <= ?').run(revision);
    this.database.prepare('UPDATE store SET compacted_revision = max(compacted_revision, ?)').run(revision);
  }
}

/** Does the work now; what SQLite throws becomes a rejection that says what it means. */
export function settle<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(
      new StoreUnavailable(`the policy store failed: ${causeOf(error)}`, { cause: error }),
    );
  }
}
