/** Address sets in the SQLite driver. Members are held in memory, packed; on disk as a snapshot and the changes since. */
import {
  applyDelta,
  extendJournal,
  type AddressSet,
  type MembersDelta,
  type SetContent,
} from '../model/address-set';
import {
  countPrefixes,
  intersectPrefixes,
  NO_PREFIXES,
  subtractPrefixes,
  type PackedPrefixes,
} from '../model/packed-prefixes';
import { sameLabels } from '../model/label';
import { compareText } from '../model/resource-name';
import {
  MAX_MEMBERS,
  MAX_SETS,
  type AddressSetStore,
  type ChangeSetRequest,
  type CreateSetRequest,
  type RemoveSetRequest,
  type RemoveSetResult,
  type SetChange,
  type SetResult,
  type SetUnchanged,
  type SetVersion,
  type SetWriteRequest,
} from './address-set-store';
import type { ChangeNote, HistoryRequest } from './change-note';
import type { WriteRequest, WriteResult } from './policy-store';
import { SqliteSetVersions, type NewVersion } from './sqlite-set-versions';
import { Refused, settle, type SqliteStoreFile } from './sqlite-store-file';

interface SetRow {
  name: string;
  uid: string;
  revision: bigint;
  description: string;
  labels: string;
  create_time: bigint;
  update_time: bigint;
  members_revision: bigint;
}

interface Entry {
  readonly set: AddressSet;
  readonly content: SetContent;
  /** Versions since the snapshot of the members on disk, and prefixes that they changed. */
  readonly unsaved: { readonly versions: number; readonly prefixes: number };
}

const SAVED = { versions: 0, prefixes: 0 };

/** A snapshot is written anew when the changes since it have come to a quarter of the set, and to at least so many prefixes, */
const SNAPSHOT_AFTER = 10_000;
/** or to so many: each costs a copy of the members when the store is opened. */
const SNAPSHOT_AFTER_VERSIONS = 200;
const IN_USE_SHOWN = 10;

export class SqliteAddressSets implements AddressSetStore {
  readonly #entries = new Map<string, Entry>();
  /** What the transaction that runs has made of sets; undefined: removed. */
  readonly #pending = new Map<string, Entry | undefined>();
  readonly #versions: SqliteSetVersions;

  /** `transact` does its requests as one transaction, by `write`; then calls `commit` if it is on disk, and `forgetPending`. */
  constructor(
    private readonly file: SqliteStoreFile,
    private readonly transact: (requests: readonly WriteRequest[]) => Promise<WriteResult>,
  ) {
    this.#versions = new SqliteSetVersions(file);
    const rows = file.database.prepare('SELECT * FROM address_sets').all() as SetRow[];
    for (const row of rows) this.#entries.set(row.name, this.#load(row));
  }

  get(name: string): Promise<AddressSet | undefined> {
    return Promise.resolve(this.#entries.get(name)?.set);
  }

  list(): Promise<{ revision: bigint; sets: AddressSet[] }> {
    return settle(() => ({
      revision: this.file.revisions().revision,
      sets: this.entries().map(({ set }) => set),
    }));
  }

  content(name: string): Promise<SetContent | undefined> {
    return Promise.resolve(this.#entries.get(name)?.content);
  }

  /** In order of name. */
  entries(): Pick<Entry, 'set' | 'content'>[] {
    return [...this.#entries.values()].sort((a, b) => compareText(a.set.name, b.set.name));
  }

  /** What a change in the log comes to now. */
  changeOf({ name, uid, revision }: { name: string; uid: string; revision: bigint }): SetChange {
    const entry = this.#entries.get(name);
    if (entry === undefined) return { kind: 'set-removed', revision, name, uid };
    return { kind: 'set-put', revision, set: entry.set, content: entry.content };
  }

  create(request: CreateSetRequest): Promise<SetResult> {
    return this.#writeOne({ kind: 'set-create', ...request });
  }

  change(request: ChangeSetRequest): Promise<SetResult> {
    return this.#writeOne({ kind: 'set-change', ...request });
  }

  async remove(request: RemoveSetRequest): Promise<RemoveSetResult> {
    const result = await this.transact([{ kind: 'set-remove', ...request }]);
    if (result.outcome === 'stored') return { outcome: 'removed', revision: result.revision };
    if (result.outcome === 'in-use') return { outcome: 'in-use', policies: result.policies };
    return { outcome: 'conflict', current: conflictOf(result) };
  }

  history(request: HistoryRequest): Promise<readonly SetVersion[]> {
    return settle(() => this.#versions.list(request, this.#entries.get(request.name)?.set.memberCount ?? 0));
  }

  async version(name: string, revision: bigint): Promise<SetVersion | undefined> {
    return (await this.history({ name })).find((one) => one.revision === revision);
  }

  changesBetween(name: string, from: bigint, to: bigint): Promise<MembersDelta | undefined> {
    return settle(() => this.#versions.between(name, from, to));
  }

  membersAt(name: string, revision: bigint): Promise<PackedPrefixes | undefined> {
    const members = this.#entries.get(name)?.content.members ?? NO_PREFIXES;
    return settle(() => this.#versions.membersAt(name, revision, members));
  }

  /** Within a transaction; throws Refused to end it. */
  write(request: SetWriteRequest): SetChange | SetUnchanged {
    switch (request.kind) {
      case 'set-create':
        return this.#create(request);
      case 'set-change':
        return this.#change(request);
      case 'set-remove':
        return this.#remove(request);
    }
  }

  /** What was written is on disk. */
  commit(): void {
    for (const [name, entry] of this.#pending) {
      if (entry === undefined) this.#entries.delete(name);
      else this.#entries.set(name, entry);
    }
  }

  /** At the end of every transaction. */
  forgetPending(): void {
    this.#pending.clear();
  }

  async #writeOne(request: SetWriteRequest): Promise<SetResult> {
    const result = await this.transact([request]);
    if (result.outcome === 'too-many') return { outcome: 'too-many', what: result.what };
    if (result.outcome !== 'stored') return { outcome: 'conflict', current: conflictOf(result) };
    const [change] = result.changes;
    if (change?.kind !== 'set-put' && change?.kind !== 'set-unchanged')
      throw new Error('a change of a set has stored something else');
    return { outcome: 'stored', set: change.set };
  }

  #entry(name: string): Entry | undefined {
    return this.#pending.has(name) ? this.#pending.get(name) : this.#entries.get(name);
  }

  #create({ set: given, members, note }: CreateSetRequest): SetChange {
    const current = this.#entry(given.name)?.set;
    if (current !== undefined) throw new Refused({ outcome: 'set-conflict', current });
    const begun = [...this.#pending.keys()].filter((name) => !this.#entries.has(name));
    if (this.#entries.size + begun.length >= MAX_SETS) {
      throw new Refused({ outcome: 'too-many', what: `there are ${MAX_SETS} address sets already` });
    }
    const revision = this.file.nextRevision();
    const now = new Date();
    const set = { ...given, createTime: now, updateTime: now, memberCount: countPrefixes(members), revision };
    checkSize(set);
    const content = { name: set.name, uid: set.uid, revision, members, journal: [] };
    this.#saveSnapshot(content, revision);
    const delta = { added: members, removed: NO_PREFIXES, from: 'begin' as const };
    return this.#save({ set, content, unsaved: SAVED }, { note, ...delta });
  }

  #change(request: ChangeSetRequest): SetChange | SetUnchanged {
    const entry = this.#entry(request.name);
    if (entry === undefined || isMoved(entry.set, request.revision)) {
      throw new Refused({ outcome: 'set-conflict', current: entry?.set });
    }
    const { description = entry.set.description, labels = entry.set.labels, note } = request;
    const { added, removed } = deltaOf(entry.content, request);
    const grown = countPrefixes(added) - countPrefixes(removed);
    const isSame =
      description === entry.set.description &&
      sameLabels(labels, entry.set.labels) &&
      countPrefixes(added) + countPrefixes(removed) === 0;
    if (isSame) return { kind: 'set-unchanged', set: entry.set };
    const memberCount = entry.set.memberCount + grown;
    const revision = this.file.nextRevision();
    const set = { ...entry.set, description, labels, memberCount, revision, updateTime: new Date() };
    checkSize(set);
    const from = entry.content.revision;
    const made = { set, ...this.#changeMembers(entry, { fromRevision: from, revision, added, removed }) };
    return this.#save(made, { note, added, removed, from });
  }

  #remove({ name, revision: expected, note }: RemoveSetRequest): SetChange {
    const entry = this.#entry(name);
    if (entry === undefined || isMoved(entry.set, expected)) {
      throw new Refused({ outcome: 'set-conflict', current: entry?.set });
    }
    const policies = this.#policiesNaming(name);
    if (policies.length > 0) throw new Refused({ outcome: 'in-use', policies });
    const revision = this.file.nextRevision();
    const { set, content } = entry;
    for (const table of ['address_sets', 'address_set_members']) {
      this.file.database.prepare(`DELETE FROM ${table} WHERE name = ?`).run(name);
    }
    const lost = { added: NO_PREFIXES, removed: content.members, from: 'end' as const };
    this.#versions.add({ set, note, revision, time: new Date(), ...lost });
    this.file.log({ revision, name, uid: set.uid, removed: true }, note);
    this.#pending.set(name, undefined);
    return { kind: 'set-removed', revision, name, uid: set.uid };
  }

  #policiesNaming(name: string): string[] {
    const rows = this.file.database
      .prepare('SELECT policy_name AS policy FROM set_references WHERE set_name = ? ORDER BY 1 LIMIT ?')
      .all(name, IN_USE_SHOWN) as { policy: string }[];
    return rows.map(({ policy }) => policy);
  }

  /** Writes the set as it is now, and the version. What is in memory changes when it is on disk. */
  #save(entry: Entry, version: { note: ChangeNote } & VersionDelta): SetChange {
    const { set, content } = entry;
    const { name, uid, revision, updateTime: time } = set;
    this.#saveHead(entry);
    this.#versions.add({ set, revision, time, ...version });
    this.file.log({ revision, name, uid, removed: false }, version.note);
    this.#pending.set(name, entry);
    return { kind: 'set-put', revision, set, content };
  }

  #saveHead({ set, content }: Entry): void {
    const { name, uid, revision, description, labels, createTime, updateTime } = set;
    this.file.database
      .prepare(
        `INSERT INTO address_sets VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision,
         description = excluded.description, labels = excluded.labels, update_time = excluded.update_time,
         members_revision = excluded.members_revision`,
      )
      .run(
        name,
        uid,
        revision,
        description,
        JSON.stringify([...labels]),
        createTime.getTime(),
        updateTime.getTime(),
        content.revision,
      );
  }

  #changeMembers({ content, unsaved }: Entry, delta: MembersDelta): Omit<Entry, 'set'> {
    const size = countPrefixes(delta.added) + countPrefixes(delta.removed);
    const changed = size === 0 ? content : contentAfter(content, delta);
    const total = { versions: unsaved.versions + 1, prefixes: unsaved.prefixes + size };
    const enough = Math.max(SNAPSHOT_AFTER, countPrefixes(changed.members) / 4);
    if (total.prefixes < enough && total.versions < SNAPSHOT_AFTER_VERSIONS)
      return { content: changed, unsaved: total };
    this.#saveSnapshot(changed, delta.revision);
    return { content: changed, unsaved: SAVED };
  }

  #saveSnapshot({ name, members }: SetContent, revision: bigint): void {
    this.file.database
      .prepare('INSERT OR REPLACE INTO address_set_members VALUES (?, ?, ?, ?)')
      .run(name, revision, members.v4, members.v6);
  }

  #load(row: SetRow): Entry {
    const { name, uid } = row;
    const saved = this.file.database
      .prepare('SELECT revision, v4, v6 FROM address_set_members WHERE name = ?')
      .get(name) as { revision: bigint; v4: Buffer; v6: Buffer };
    const members = { v4: saved.v4, v6: saved.v6 };
    let content: SetContent = { name, uid, revision: row.members_revision, members, journal: [] };
    let unsaved = SAVED;
    for (const delta of this.#versions.deltas(name, uid)) {
      if (delta.revision <= saved.revision) {
        content = { ...content, journal: extendJournal(content.journal, delta) };
        continue;
      }
      content = contentAfter(content, delta);
      const prefixes = countPrefixes(delta.added) + countPrefixes(delta.removed);
      unsaved = { versions: unsaved.versions + 1, prefixes: unsaved.prefixes + prefixes };
    }
    return { set: toSet(row, countPrefixes(content.members)), content, unsaved };
  }
}

type VersionDelta = Pick<NewVersion, 'added' | 'removed' | 'from'>;

function conflictOf(result: Exclude<WriteResult, { outcome: 'stored' }>): AddressSet | undefined {
  if (result.outcome === 'set-conflict') return result.current;
  throw new Error(`a change of a set was refused as ${result.outcome}`);
}

function checkSize({ name, memberCount }: AddressSet): void {
  if (memberCount <= MAX_MEMBERS) return;
  const what = `${name} would have ${memberCount} members; at most ${MAX_MEMBERS}`;
  throw new Refused({ outcome: 'too-many', what });
}

function contentAfter(content: SetContent, delta: MembersDelta): SetContent {
  return {
    ...content,
    revision: delta.revision,
    members: applyDelta(content.members, delta),
    journal: extendJournal(content.journal, delta),
  };
}

function isMoved({ revision }: AddressSet, expected: bigint | undefined): boolean {
  return expected !== undefined && expected !== revision;
}

/** What the request really adds and removes. */
function deltaOf(
  { members }: SetContent,
  { add = NO_PREFIXES, remove = NO_PREFIXES }: ChangeSetRequest,
): Pick<MembersDelta, 'added' | 'removed'> {
  return {
    added: subtractPrefixes(add, intersectPrefixes(members, add)),
    removed: intersectPrefixes(members, remove),
  };
}

function toSet(row: SetRow, memberCount: number): AddressSet {
  return {
    name: row.name,
    uid: row.uid,
    description: row.description,
    labels: new Map(JSON.parse(row.labels) as [string, string][]),
    memberCount,
    createTime: new Date(Number(row.create_time)),
    updateTime: new Date(Number(row.update_time)),
    revision: row.revision,
  };
}
