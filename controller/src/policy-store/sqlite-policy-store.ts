/** The embedded driver: one SQLite file, one controller. */
import type { Database } from 'better-sqlite3';
import type { Policy } from '../model/policy';
import { policyFromJson, policyToJson } from './policy-json';
import {
  StoreUnavailable,
  WatchEnded,
  type PageRequest,
  type PolicyChange,
  type PolicyPage,
  type PolicyStore,
  type PolicyVersion,
  type PolicyWatch,
  type PutRequest,
  type PutResult,
  type RemoveRequest,
  type RemoveResult,
  type WatchEvent,
  type WatchOptions,
} from './policy-store';
import { causeOf } from '../startup-error';
import { openDatabase } from '../sqlite-database';
import { migrate } from './sqlite-schema';
import { WatchQueue } from './watch-queue';

export interface SqlitePolicyStoreOptions {
  readonly folder: string;
  /** Changes that a watch can resume over; older ones are forgotten. 100,000 when left out. */
  readonly keepChanges?: number;
}

interface VersionRow {
  revision: bigint;
  uid: string;
  create_time: bigint;
  update_time: bigint;
  body: string;
  author: string;
  reason: string;
}

interface ChangeRow {
  revision: bigint;
  name: string;
  uid: string;
  removed: bigint;
}

interface StoreRow {
  revision: bigint;
  compacted: bigint;
}

const VERSION = 'SELECT v.* FROM policies p JOIN policy_versions v ON v.revision = p.revision';

export class SqlitePolicyStore implements PolicyStore {
  readonly #database: Database;
  readonly #keepChanges: bigint;
  readonly #watchers = new Set<WatchQueue>();

  constructor(options: SqlitePolicyStoreOptions) {
    this.#keepChanges = BigInt(options.keepChanges ?? 100_000);
    this.#database = openDatabase({
      folder: options.folder,
      file: 'policies.db',
      durability: 'power-cut',
    });
    try {
      migrate(this.#database);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get(name: string): Promise<Policy | undefined> {
    return settle(() => this.#read(name));
  }

  list(request: PageRequest = {}): Promise<PolicyPage> {
    return settle(() => this.#list(request));
  }

  put(request: PutRequest): Promise<PutResult> {
    return settle(() => {
      const result = this.#database.transaction(() => this.#put(request)).immediate();
      if (result.outcome === 'stored') {
        this.#tell({ kind: 'put', revision: result.policy.revision, policy: result.policy });
      }
      return result;
    });
  }

  remove(request: RemoveRequest): Promise<RemoveResult> {
    return settle(() => {
      const { change, result } = this.#database.transaction(() => this.#remove(request)).immediate();
      if (change !== undefined) this.#tell(change);
      return result;
    });
  }

  watch({ afterRevision, queueLimit = 1024 }: WatchOptions = {}): PolicyWatch {
    const start = afterRevision === undefined ? this.#snapshot() : this.#changesAfter(afterRevision);
    const queue = new WatchQueue({
      start: start ?? [],
      limit: queueLimit,
      onClose: (closed) => this.#watchers.delete(closed),
    });
    if (start === undefined) queue.end(new WatchEnded('compacted'));
    else this.#watchers.add(queue);
    return queue;
  }

  versions(name: string): Promise<readonly PolicyVersion[]> {
    return settle(() => {
      const rows = this.#database
        .prepare('SELECT * FROM policy_versions WHERE name = ? ORDER BY revision DESC')
        .all(name) as VersionRow[];
      return rows.map((row) => ({ policy: toPolicy(row), note: { author: row.author, reason: row.reason } }));
    });
  }

  close(): Promise<void> {
    for (const queue of this.#watchers) queue.end(new WatchEnded('store-closed'));
    return settle(() => void this.#database.close());
  }

  #read(name: string): Policy | undefined {
    const row = this.#database.prepare(`${VERSION} WHERE p.name = ?`).get(name) as VersionRow | undefined;
    return row && toPolicy(row);
  }

  #list({ after = '', limit = Infinity, maxBytes = Infinity }: PageRequest): PolicyPage {
    const { revision } = this.#revisions();
    const rows = this.#database.prepare(`${VERSION} WHERE p.name > ? ORDER BY p.name`).iterate(after);
    const policies: Policy[] = [];
    let bytes = 0;
    for (const row of rows as IterableIterator<VersionRow>) {
      bytes += Buffer.byteLength(row.body);
      const full = policies.length === limit || (policies.length > 0 && bytes > maxBytes);
      if (full) return { revision, policies, more: true };
      policies.push(toPolicy(row));
    }
    return { revision, policies, more: false };
  }

  #put({ policy, expect, note }: PutRequest): PutResult {
    const current = this.#read(policy.name);
    const expected = expect.kind === 'absent' ? undefined : expect.revision;
    if (current?.revision !== expected) return { outcome: 'conflict', current };
    const revision = this.#nextRevision();
    this.#database
      .prepare('INSERT INTO policy_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        revision,
        policy.name,
        policy.uid,
        policy.createTime.getTime(),
        policy.updateTime.getTime(),
        policyToJson(policy),
        note.author,
        note.reason,
      );
    this.#database.prepare('INSERT OR REPLACE INTO policies VALUES (?, ?)').run(policy.name, revision);
    this.#log({ kind: 'put', revision, policy: { ...policy, revision } }, note);
    return { outcome: 'stored', policy: { ...policy, revision } };
  }

  #remove({ name, revision: expected, note }: RemoveRequest): {
    change?: PolicyChange;
    result: RemoveResult;
  } {
    const current = this.#read(name);
    if (current?.revision !== expected) return { result: { outcome: 'conflict', current } };
    const revision = this.#nextRevision();
    this.#database.prepare('DELETE FROM policies WHERE name = ?').run(name);
    const change: PolicyChange = { kind: 'removed', revision, name, uid: current.uid };
    this.#log(change, note);
    return { change, result: { outcome: 'removed', revision } };
  }

  #nextRevision(): bigint {
    const row = this.#database
      .prepare('UPDATE store SET revision = revision + 1 RETURNING revision')
      .get() as { revision: bigint };
    return row.revision;
  }

  #log(change: PolicyChange, note: PutRequest['note']): void {
    const { name, uid } = change.kind === 'put' ? change.policy : change;
    this.#database
      .prepare('INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)')
      .run(change.revision, name, uid, change.kind === 'removed' ? 1 : 0, note.author, note.reason);
    const compacted = change.revision - this.#keepChanges;
    if (compacted <= 0n) return;
    this.#database.prepare('DELETE FROM changes WHERE revision <= ?').run(compacted);
    this.#database.prepare('UPDATE store SET compacted_revision = max(compacted_revision, ?)').run(compacted);
  }

  #snapshot(): WatchEvent[] {
    const { revision, policies } = this.#list({});
    return [
      ...policies.map((policy): WatchEvent => ({ kind: 'snapshot', policy })),
      { kind: 'in-sync', revision },
    ];
  }

  /** The last change of each policy that changed since, in order of revision; undefined when that is not known. */
  #changesAfter(after: bigint): WatchEvent[] | undefined {
    const { revision, compacted } = this.#revisions();
    if (after < compacted || after > revision) return undefined;
    const rows = this.#database
      .prepare(
        `SELECT revision, name, uid, removed FROM changes c WHERE revision > ?
         AND NOT EXISTS (SELECT 1 FROM changes l WHERE l.name = c.name AND l.revision > c.revision)
         ORDER BY revision`,
      )
      .all(after) as ChangeRow[];
    return [...rows.map((row) => this.#toChange(row)), { kind: 'in-sync', revision }];
  }

  #toChange({ revision, name, uid, removed }: ChangeRow): PolicyChange {
    const policy = removed === 0n ? this.#read(name) : undefined;
    return policy ? { kind: 'put', revision, policy } : { kind: 'removed', revision, name, uid };
  }

  #revisions(): StoreRow {
    return this.#database
      .prepare('SELECT revision, compacted_revision AS compacted FROM store')
      .get() as StoreRow;
  }

  #tell(change: PolicyChange): void {
    for (const queue of this.#watchers) queue.push(change);
  }
}

/** Does the work now; what SQLite throws becomes a rejection that says what it means. */
function settle<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(
      new StoreUnavailable(`the policy store failed: ${causeOf(error)}`, { cause: error }),
    );
  }
}

function toPolicy(row: VersionRow): Policy {
  return {
    ...policyFromJson(row.body),
    uid: row.uid,
    createTime: new Date(Number(row.create_time)),
    updateTime: new Date(Number(row.update_time)),
    revision: row.revision,
  };
}
