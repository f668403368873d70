/** Address sets in the SQLite driver. Members are held in memory, packed; on disk as a snapshot and the changes since. */
import { extendJournal, type AddressSet, type MembersDelta, type SetContent } from '../model/address-set';
import {
  countPrefixes,
  intersectPrefixes,
  mergePrefixes,
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
} from './address-set-store';
import type { ChangeNote } from './change-note';

import { settle, type SqliteStoreFile } from './sqlite-store-file';

interface SetRow {
  name: string;
  uid: string;
  revision: bigint;
  description: string;
  labels: string;
  create_time: bigint;
  update_time: bigint;
}

interface DeltaRow {
  revision: bigint;
  from_revision: bigint;
  added4: Buffer;
  added6: Buffer;
  removed4: Buffer;
  removed6: Buffer;
}

interface Entry {
  readonly set: AddressSet;
  readonly content: SetContent;
  /** Prefixes in changes since the snapshot on disk. */
  readonly unsaved: number;
}

/** A snapshot is written anew when the changes since it have come to a quarter of the set, and to at least so many prefixes. */
const SNAPSHOT_AFTER = 10_000;
const IN_USE_SHOWN = 10;

export class SqliteAddressSets implements AddressSetStore {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly file: SqliteStoreFile) {
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

  create({ set: given, members, note }: CreateSetRequest): Promise<SetResult> {
    const current = this.#entries.get(given.name)?.set;
    if (current !== undefined) return Promise.resolve({ outcome: 'conflict', current });
    if (this.#entries.size >= MAX_SETS) {
      return Promise.resolve({ outcome: 'too-many', what: `there are ${MAX_SETS} address sets already` });
    }
    const now = new Date();
    const set = { ...given, createTime: now, updateTime: now, memberCount: countPrefixes(members) };
    return this.#store(note, (revision) => {
      const content = { name: set.name, uid: set.uid, revision, members, journal: [] };
      this.#saveSnapshot(content);
      return { set: { ...set, revision }, content, unsaved: 0 };
    });
  }

  change(request: ChangeSetRequest): Promise<SetResult> {
    const entry = this.#entries.get(request.name);
    if (entry === undefined || isMoved(entry.set, request.revision)) {
      return Promise.resolve({ outcome: 'conflict', current: entry?.set });
    }
    const { description = entry.set.description, labels = entry.set.labels, note } = request;
    const delta = deltaOf(entry.content, request);
    const size = countPrefixes(delta.added) + countPrefixes(delta.removed);
    const isSame =
      description === entry.set.description && sameLabels(labels, entry.set.labels) && size === 0;
    if (isSame) return Promise.resolve({ outcome: 'stored', set: entry.set });
    const memberCount = entry.set.memberCount + countPrefixes(delta.added) - countPrefixes(delta.removed);
    if (memberCount > MAX_MEMBERS) {
      const what = `${request.name} would have ${memberCount} members; at most ${MAX_MEMBERS}`;
      return Promise.resolve({ outcome: 'too-many', what });
    }
    return this.#store(note, (revision) => {
      const set = { ...entry.set, description, labels, memberCount, revision, updateTime: new Date() };
      return size === 0 ? { ...entry, set } : { set, ...this.#changeMembers(entry, { ...delta, revision }) };
    });
  }

  remove({ name, revision: expected, note }: RemoveSetRequest): Promise<RemoveSetResult> {
    const set = this.#entries.get(name)?.set;
    if (set === undefined || isMoved(set, expected)) {
      return Promise.resolve({ outcome: 'conflict', current: set });
    }
    return settle(() => {
      const policies = this.#policiesNaming(name);
      if (policies.length > 0) return { outcome: 'in-use', policies };
      const { revision } = this.file.transact(() => this.#remove(set, note));
      this.#entries.delete(name);
      return { outcome: 'removed', revision };
    });
  }

  #remove({ name, uid }: AddressSet, note: ChangeNote): { revision: bigint; tell: SetChange[] } {
    const revision = this.file.nextRevision();
    for (const table of ['address_sets', 'address_set_members', 'address_set_deltas']) {
      this.file.database.prepare(`DELETE FROM ${table} WHERE name = ?`).run(name);
    }
    this.file.log({ revision, name, uid, removed: true }, note);
    return { revision, tell: [{ kind: 'set-removed', revision, name, uid }] };
  }

  #policiesNaming(name: string): string[] {
    const rows = this.file.database
      .prepare('SELECT policy_name AS policy FROM set_references WHERE set_name = ? ORDER BY 1 LIMIT ?')
      .all(name, IN_USE_SHOWN) as { policy: string }[];
    return rows.map(({ policy }) => policy);
  }

  /** Writes what `make` makes of the next revision. What is in memory changes when it is on disk. */
  #store(note: ChangeNote, make: (revision: bigint) => Entry): Promise<SetResult> {
    return settle(() => {
      const { entry } = this.file.transact(() => {
        const revision = this.file.nextRevision();
        const made = make(revision);
        this.#saveHead(made);
        this.file.log({ revision, name: made.set.name, uid: made.set.uid, removed: false }, note);
        const change: SetChange = { kind: 'set-put', revision, set: made.set, content: made.content };
        return { entry: made, tell: [change] };
      });
      this.#entries.set(entry.set.name, entry);
      return { outcome: 'stored', set: entry.set };
    });
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
    const members = applied(content.members, delta);
    const journal = extendJournal(content.journal, delta);
    const changed = { ...content, revision: delta.revision, members, journal };
    this.#saveDelta(content.name, delta);
    const total = unsaved + countPrefixes(delta.added) + countPrefixes(delta.removed);
    if (total < Math.max(SNAPSHOT_AFTER, countPrefixes(members) / 4))
      return { content: changed, unsaved: total };
    this.#saveSnapshot(changed);
    return { content: changed, unsaved: 0 };
  }

  #saveDelta(name: string, { revision, fromRevision, added, removed }: MembersDelta): void {
    this.file.database
      .prepare('INSERT INTO address_set_deltas VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(name, revision, fromRevision, added.v4, added.v6, removed.v4, removed.v6);
  }

  /** What the journal has let go and the snapshot holds is no longer needed. */
  #saveSnapshot({ name, revision, members, journal }: SetContent): void {
    this.file.database
      .prepare('INSERT OR REPLACE INTO address_set_members VALUES (?, ?, ?, ?)')
      .run(name, revision, members.v4, members.v6);
    this.file.database
      .prepare('DELETE FROM address_set_deltas WHERE name = ? AND revision < ?')
      .run(name, journal[0]?.revision ?? revision + 1n);
  }

  #load(row: SetRow): Entry {
    const { name, uid } = row;
    const saved = this.file.database
      .prepare('SELECT revision, v4, v6 FROM address_set_members WHERE name = ?')
      .get(name) as { revision: bigint; v4: Buffer; v6: Buffer };
    const deltas = this.file.database
      .prepare('SELECT * FROM address_set_deltas WHERE name = ? ORDER BY revision')
      .all(name) as DeltaRow[];
    const members = { v4: saved.v4, v6: saved.v6 };
    let content: SetContent = { name, uid, revision: saved.revision, members, journal: [] };
    let unsaved = 0;
    for (const delta of deltas.map(toDelta)) {
      content = { ...content, journal: extendJournal(content.journal, delta) };
      if (delta.revision <= saved.revision) continue;
      content = { ...content, revision: delta.revision, members: applied(content.members, delta) };
      unsaved += countPrefixes(delta.added) + countPrefixes(delta.removed);
    }
    return { set: toSet(row, countPrefixes(content.members)), content, unsaved };
  }
}

function isMoved({ revision }: AddressSet, expected: bigint | undefined): boolean {
  return expected !== undefined && expected !== revision;
}

/** What the request really adds and removes. */
function deltaOf(
  { members, revision }: SetContent,
  { add = NO_PREFIXES, remove = NO_PREFIXES }: ChangeSetRequest,
): Omit<MembersDelta, 'revision'> {
  return {
    fromRevision: revision,
    added: subtractPrefixes(add, intersectPrefixes(members, add)),
    removed: intersectPrefixes(members, remove),
  };
}

function applied(members: PackedPrefixes, { added, removed }: MembersDelta): PackedPrefixes {
  return mergePrefixes(subtractPrefixes(members, removed), added);
}

function toDelta(row: DeltaRow): MembersDelta {
  return {
    fromRevision: row.from_revision,
    revision: row.revision,
    added: { v4: row.added4, v6: row.added6 },
    removed: { v4: row.removed4, v6: row.removed6 },
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
