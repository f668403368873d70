/**
 * What was stored of each address set, in the SQLite driver. A version has what was said about the set and how its members changed;
 * the members of an earlier one are those of today with the changes since taken back.
 *
 * Worked example: {a} is stored at 1, b added at 2, a removed at 3. Members at 1 are {b} of today with (−a) and (+b) taken back: {a}.
 */
import { applyDelta, invertDelta, joinAll, type AddressSet, type MembersDelta } from '../model/address-set';
import { countPrefixes, NO_PREFIXES, type PackedPrefixes } from '../model/packed-prefixes';
import { MAX_MEMBERS, type SetVersion } from './address-set-store';
import type { ChangeNote, HistoryRequest } from './change-note';
import type { SqliteStoreFile } from './sqlite-store-file';

interface VersionRow {
  revision: bigint;
  uid: string;
  gone: bigint;
  description: string;
  labels: string;
  create_time: bigint;
  time: bigint;
  author: string;
  reason: string;
  added: bigint;
  removed: bigint;
}

interface DeltaRow {
  revision: bigint;
  from_revision: bigint | null;
  added4: Buffer;
  added6: Buffer;
  removed4: Buffer;
  removed6: Buffer;
}

/** A version to be noted down. */
export interface NewVersion {
  /** At its new revision; as it stood last when it is removed. */
  readonly set: AddressSet;
  readonly note: ChangeNote;
  readonly revision: bigint;
  readonly time: Date;
  readonly added: PackedPrefixes;
  readonly removed: PackedPrefixes;
  /** Of the members before; `begin` and `end` of the set's life are no changes of a set that is there. */
  readonly from: bigint | 'begin' | 'end';
}

/** Versions that are held of a set, and the members that they have changed together (the newest is held whatever it changed). */
const KEEP_VERSIONS = 256;
const KEEP_MEMBERS = 2 * MAX_MEMBERS;

const HEAD = 'revision, uid, gone, description, labels, create_time, time, author, reason, added, removed';
const DELTA = 'revision, from_revision, added4, added6, removed4, removed6';

export class SqliteSetVersions {
  constructor(private readonly file: SqliteStoreFile) {}

  /** Within a transaction. */
  add({ set, note, revision, time, added, removed, from }: NewVersion): void {
    this.file.database
      .prepare(`INSERT INTO address_set_versions VALUES (${Array(17).fill('?').join(', ')})`)
      .run(
        ...[set.name, revision, set.uid, from === 'end' ? 1 : 0, typeof from === 'bigint' ? from : null],
        ...[set.description, JSON.stringify([...set.labels]), set.createTime.getTime(), time.getTime()],
        ...[note.author, note.reason, countPrefixes(added), countPrefixes(removed)],
        ...[added.v4, added.v6, removed.v4, removed.v6],
      );
    this.#forgetOld(set.name);
  }

  /** Newest first. `memberCount`: as the set stands, 0 when it is gone. */
  list({ name, before, limit = Infinity }: HistoryRequest, memberCount: number): SetVersion[] {
    const rows = this.file.database
      .prepare(`SELECT ${HEAD} FROM address_set_versions WHERE name = ? ORDER BY revision DESC`)
      .all(name) as VersionRow[];
    let count = memberCount;
    const versions = rows.map((row) => {
      const version = toVersion(name, row, count);
      count += version.removed - version.added;
      return version;
    });
    return versions.filter(({ revision }) => before === undefined || revision < before).slice(0, limit);
  }

  /** The changes of members while the set was there, oldest first: those of its life that goes on. */
  deltas(name: string, uid: string): MembersDelta[] {
    const rows = this.file.database
      .prepare(
        `SELECT ${DELTA} FROM address_set_versions WHERE name = ? AND uid = ? AND from_revision IS NOT NULL
         AND added + removed > 0 ORDER BY revision`,
      )
      .all(name, uid) as DeltaRow[];
    return rows.map(toDelta);
  }

  /** What happened to the members between two versions; undefined when one of them is not held. */
  between(name: string, from: bigint, to: bigint): MembersDelta | undefined {
    if (from > to) {
      const back = this.between(name, to, from);
      return back && invertDelta(back);
    }
    if (!this.#holds(name, from) || !this.#holds(name, to)) return undefined;
    return { ...this.#since(name, from, to), fromRevision: from, revision: to };
  }

  /** The members of a version; undefined when it is not held. `members`: as they stand, none when the set is gone. */
  membersAt(name: string, revision: bigint, members: PackedPrefixes): PackedPrefixes | undefined {
    if (!this.#holds(name, revision)) return undefined;
    return applyDelta(members, invertDelta(this.#since(name, revision)));
  }

  #holds(name: string, revision: bigint): boolean {
    const sql = 'SELECT 1 FROM address_set_versions WHERE name = ? AND revision = ?';
    return this.file.database.prepare(sql).get(name, revision) !== undefined;
  }

  /** Changes after a revision, as one. */
  #since(name: string, after: bigint, upTo?: bigint): MembersDelta {
    const rows = this.file.database
      .prepare(
        `SELECT ${DELTA} FROM address_set_versions WHERE name = ? AND revision > ? AND revision <= ? AND added + removed > 0
         ORDER BY revision`,
      )
      .all(name, after, upTo ?? 2n ** 63n - 1n) as DeltaRow[];
    const nothing = { fromRevision: after, revision: after, added: NO_PREFIXES, removed: NO_PREFIXES };
    return joinAll(rows.map(toDelta)) ?? nothing;
  }

  /** What is needed to bring the snapshot of the members up to date is kept in any case. */
  #forgetOld(name: string): void {
    this.file.database
      .prepare(
        `DELETE FROM address_set_versions WHERE name = @name
         AND revision <= coalesce((SELECT revision FROM address_set_members WHERE name = @name), 1 << 62)
         AND revision <= (
           SELECT max(revision) FROM (
             SELECT revision, row_number() OVER newest AS place, sum(added + removed) OVER newest AS members
             FROM address_set_versions WHERE name = @name WINDOW newest AS (ORDER BY revision DESC)
           ) WHERE place > 1 AND (place > @versions OR members > @members)
         )`,
      )
      .run({ name, versions: KEEP_VERSIONS, members: KEEP_MEMBERS });
  }
}

function toVersion(name: string, row: VersionRow, memberCount: number): SetVersion {
  const { revision, uid, description, author, reason } = row;
  const time = new Date(Number(row.time));
  const labels = new Map(JSON.parse(row.labels) as [string, string][]);
  const createTime = new Date(Number(row.create_time));
  const set = { name, uid, description, labels, memberCount, createTime, updateTime: time, revision };
  return {
    revision,
    set: row.gone === 0n ? set : undefined,
    added: Number(row.added),
    removed: Number(row.removed),
    note: { author, reason },
    time,
  };
}

function toDelta(row: DeltaRow): MembersDelta {
  return {
    fromRevision: row.from_revision ?? 0n,
    revision: row.revision,
    added: { v4: row.added4, v6: row.added6 },
    removed: { v4: row.removed4, v6: row.removed6 },
  };
}
