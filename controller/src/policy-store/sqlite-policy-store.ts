/** The embedded driver: one SQLite file, one controller. */
import { setsOf, type Policy, type PolicyHead } from '../model/policy';
import type { SetSnapshot } from './address-set-store';
import { selectHeads } from './policy-list';
import { policyFromJson, policyToJson } from './policy-json';
import type { ChangeNote, HistoryRequest } from './change-note';
import {
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
  type ResourceKind,
  type WatchEvent,
  type WatchOptions,
  type PolicyWriteRequest,
  type WriteChange,
  type WriteOptions,
  type WriteRequest,
  type WriteResult,
} from './policy-store';
import { SqliteAddressSets } from './sqlite-address-sets';
import { Refused, settle, SqliteStoreFile, type LoggedChange } from './sqlite-store-file';
import { WatchQueue } from './watch-queue';

export interface SqlitePolicyStoreOptions {
  readonly folder: string;
  /** Changes that a watch can resume over; older ones are forgotten. 100,000 when left out. */
  readonly keepChanges?: number;
  /** Versions that are held of a policy. 100 when left out. */
  readonly keepVersions?: number;
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

interface RemovalRow {
  revision: bigint;
  author: string;
  reason: string;
  time: bigint;
}

const VERSION = 'SELECT v.* FROM policies p JOIN policy_versions v ON v.revision = p.revision';

export class SqlitePolicyStore implements PolicyStore {
  readonly addressSets: SqliteAddressSets;
  readonly #file: SqliteStoreFile;
  readonly #keepVersions: number;
  /** Of the policies that stand. */
  readonly #heads = new Map<string, PolicyHead>();

  constructor({ folder, keepChanges = 100_000, keepVersions = 100 }: SqlitePolicyStoreOptions) {
    this.#file = new SqliteStoreFile(folder, BigInt(keepChanges));
    this.#keepVersions = keepVersions;
    this.addressSets = new SqliteAddressSets(this.#file, (requests) => this.write(requests));
    for (const policy of this.#standing()) this.#heads.set(policy.name, headOf(policy));
  }

  get(name: string): Promise<Policy | undefined> {
    return settle(() => this.#read(name));
  }

  list(request: PageRequest = {}): Promise<PolicyPage> {
    return settle(() => this.#list(request));
  }

  async put(request: PutRequest): Promise<PutResult> {
    const result = await this.write([{ kind: 'put', ...request }]);
    if (result.outcome === 'conflict' || result.outcome === 'no-such-set') return result;
    const [change] = result.outcome === 'stored' ? result.changes : [];
    if (change?.kind !== 'put') throw new Error('a put has stored something else');
    return { outcome: 'stored', policy: change.policy };
  }

  async remove(request: RemoveRequest): Promise<RemoveResult> {
    const result = await this.write([{ kind: 'remove', ...request }]);
    if (result.outcome === 'stored') return { outcome: 'removed', revision: result.revision };
    if (result.outcome === 'conflict') return result;
    throw new Error('a removal has asked for a set');
  }

  write(requests: readonly WriteRequest[], { dryRun = false }: WriteOptions = {}): Promise<WriteResult> {
    return settle(() => {
      let index = 0;
      try {
        const result = this.#file.transact(
          () => ({
            changes: requests.map((request, i) => {
              index = i;
              return this.#write(request);
            }),
            revision: this.#file.revisions().revision,
          }),
          { dryRun },
        );
        if (!dryRun) this.#commit(result.changes);
        return { outcome: 'stored', ...result };
      } catch (error) {
        if (error instanceof Refused) return { ...error.refusal, index };
        throw error;
      } finally {
        this.addressSets.forgetPending();
      }
    });
  }

  watch({ afterRevision, queueLimit = 1024, kinds = ['policy'] }: WatchOptions = {}): PolicyWatch {
    const of = new Set(kinds);
    const start = afterRevision === undefined ? this.#snapshot(of) : this.#changesAfter(afterRevision, of);
    const queue = new WatchQueue({
      start: start ?? [],
      limit: queueLimit,
      kinds: of,
      onClose: (closed) => this.#file.watchers.delete(closed),
    });
    if (start === undefined) queue.end(new WatchEnded('compacted'));
    else this.#file.watchers.add(queue);
    return queue;
  }

  history({ name, before, limit = Infinity }: HistoryRequest): Promise<readonly PolicyVersion[]> {
    return settle(() => {
      const older = (one: PolicyVersion): boolean => before === undefined || one.revision < before;
      const versions = this.#versions('name = ?', name).filter(older);
      const removals = this.#removals(name).filter(older);
      const all = [...versions, ...removals].sort((a, b) => (a.revision < b.revision ? 1 : -1));
      return all.slice(0, limit);
    });
  }

  version(name: string, revision: bigint): Promise<PolicyVersion | undefined> {
    return settle(() => {
      const [version] = this.#versions('name = ? AND revision = ?', name, revision);
      return version ?? this.#removals(name).find((one) => one.revision === revision);
    });
  }

  close(): Promise<void> {
    return settle(() => this.#file.close());
  }

  #read(name: string): Policy | undefined {
    const row = this.#file.database.prepare(`${VERSION} WHERE p.name = ?`).get(name) as
      VersionRow | undefined;
    return row && toPolicy(row);
  }

  *#standing(): Generator<Policy> {
    const rows = this.#file.database.prepare(`${VERSION} ORDER BY p.name`).iterate();
    for (const row of rows as IterableIterator<VersionRow>) yield toPolicy(row);
  }

  #list({ limit = Infinity, maxBytes = Infinity, ...request }: PageRequest): PolicyPage {
    const { revision } = this.#file.revisions();
    const policies: Policy[] = [];
    let bytes = 0;
    for (const row of this.#rows(request)) {
      if (policies.length === limit) return { revision, policies, more: true };
      bytes += Buffer.byteLength(row.body);
      if (policies.length > 0 && bytes > maxBytes) return { revision, policies, more: true };
      policies.push(toPolicy(row));
    }
    return { revision, policies, more: false };
  }

  /** In the order that was asked for. The plain list is the index of the table, and needs no sorting. */
  *#rows({ after, order, where }: PageRequest): Generator<VersionRow> {
    const { database } = this.#file;
    if (where === undefined && (order === undefined || (order.by === 'name' && !order.descending))) {
      const rows = database.prepare(`${VERSION} WHERE p.name > ? ORDER BY p.name`).iterate(after?.name ?? '');
      yield* rows as IterableIterator<VersionRow>;
      return;
    }
    const statement = database.prepare(`${VERSION} WHERE p.name = ?`);
    for (const { name } of selectHeads(this.#heads.values(), { after, order, where })) {
      yield statement.get(name) as VersionRow;
    }
  }

  /** Within a transaction; throws Refused to end it. */
  #write(request: WriteRequest): WriteChange {
    if (request.kind !== 'put' && request.kind !== 'remove') return this.addressSets.write(request);
    const name = request.kind === 'put' ? request.policy.name : request.name;
    const current = this.#read(name);
    const expected = expectedRevision(request);
    if (current?.revision !== expected) throw new Refused({ outcome: 'conflict', current });
    if (request.kind === 'put') return this.#put(request);
    return this.#remove({ name, uid: current?.uid ?? '' }, request.note);
  }

  #put({ policy, note }: PutRequest): PolicyChange {
    const revision = this.#file.nextRevision();
    const { name, uid, createTime, updateTime } = policy;
    this.#refer(policy);
    this.#file.database
      .prepare('INSERT INTO policy_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        revision,
        name,
        uid,
        createTime.getTime(),
        updateTime.getTime(),
        policyToJson(policy),
        note.author,
        note.reason,
      );
    this.#file.database.prepare('INSERT OR REPLACE INTO policies VALUES (?, ?)').run(name, revision);
    this.#forgetOldVersions(name);
    this.#file.log({ revision, name, uid, removed: false }, note);
    return { kind: 'put', revision, policy: { ...policy, revision } };
  }

  /** Notes down which sets the policy names; each must be there. */
  #refer(policy: Parameters<typeof setsOf>[0] & { readonly name: string }): void {
    const { database } = this.#file;
    database.prepare('DELETE FROM set_references WHERE policy_name = ?').run(policy.name);
    for (const set of setsOf(policy)) {
      const known = database.prepare('SELECT 1 FROM address_sets WHERE name = ?').get(set);
      if (known === undefined) throw new Refused({ outcome: 'no-such-set', set });
      database.prepare('INSERT INTO set_references VALUES (?, ?)').run(set, policy.name);
    }
  }

  #remove({ name, uid }: { name: string; uid: string }, note: ChangeNote): PolicyChange {
    const revision = this.#file.nextRevision();
    this.#file.database.prepare('DELETE FROM policies WHERE name = ?').run(name);
    this.#file.database.prepare('DELETE FROM set_references WHERE policy_name = ?').run(name);
    this.#file.log({ revision, name, uid, removed: true }, note);
    return { kind: 'removed', revision, name, uid };
  }

  #forgetOldVersions(name: string): void {
    this.#file.database
      .prepare(
        `DELETE FROM policy_versions WHERE name = ? AND revision <=
         (SELECT revision FROM policy_versions WHERE name = ? ORDER BY revision DESC LIMIT 1 OFFSET ?)`,
      )
      .run(name, name, this.#keepVersions);
  }

  /** What was written is on disk. */
  #commit(changes: readonly WriteChange[]): void {
    this.addressSets.commit();
    for (const change of changes) this.#remember(change);
  }

  #remember(change: WriteChange): void {
    if (change.kind === 'set-unchanged') return;
    if (change.kind === 'put') this.#heads.set(change.policy.name, headOf(change.policy));
    if (change.kind === 'removed') this.#heads.delete(change.name);
    this.#file.tell(change);
  }

  #versions(condition: string, ...values: (string | bigint)[]): PolicyVersion[] {
    const rows = this.#file.database
      .prepare(`SELECT * FROM policy_versions WHERE ${condition} ORDER BY revision DESC`)
      .all(...values) as VersionRow[];
    return rows.map((row) => {
      const policy = toPolicy(row);
      const { author, reason } = row;
      return { revision: row.revision, policy, note: { author, reason }, time: policy.updateTime };
    });
  }

  #removals(name: string): PolicyVersion[] {
    const rows = this.#file.database
      .prepare('SELECT revision, author, reason, time FROM changes WHERE name = ? AND removed = 1')
      .all(name) as RemovalRow[];
    return rows.map(({ revision, author, reason, time }) => ({
      revision,
      policy: undefined,
      note: { author, reason },
      time: new Date(Number(time)),
    }));
  }

  #snapshot(kinds: ReadonlySet<ResourceKind>): WatchEvent[] {
    const sets = kinds.has('address-set') ? this.addressSets.entries() : [];
    const policies = kinds.has('policy') ? [...this.#standing()] : [];
    return [
      ...sets.map((entry): SetSnapshot => ({ kind: 'set-snapshot', ...entry })),
      ...policies.map((policy): WatchEvent => ({ kind: 'snapshot', policy })),
      { kind: 'in-sync', revision: this.#file.revisions().revision },
    ];
  }

  #changesAfter(after: bigint, kinds: ReadonlySet<ResourceKind>): WatchEvent[] | undefined {
    const changes = this.#file.changesAfter(after);
    if (changes === undefined) return undefined;
    const events = changes.map((change) =>
      change.name.startsWith('policies/')
        ? { of: 'policy' as const, event: this.#toChange(change) }
        : { of: 'address-set' as const, event: this.addressSets.changeOf(change) },
    );
    const wanted = events.filter(({ of }) => kinds.has(of)).map(({ event }) => event);
    return [...wanted, { kind: 'in-sync', revision: this.#file.revisions().revision }];
  }

  #toChange({ revision, name, uid, removed }: LoggedChange): PolicyChange {
    const policy = removed ? undefined : this.#read(name);
    return policy ? { kind: 'put', revision, policy } : { kind: 'removed', revision, name, uid };
  }
}

/** Undefined: nothing may stand there. */
function expectedRevision(request: PolicyWriteRequest): bigint | undefined {
  if (request.kind === 'remove') return request.revision;
  return request.expect.kind === 'absent' ? undefined : request.expect.revision;
}

function headOf(policy: Policy): PolicyHead {
  const { name, uid, revision, labels, tier, priority, hostSelector, updateTime } = policy;
  return { name, uid, revision, labels, tier, priority, hostSelector, updateTime };
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
