/**
 * Address sets on disk, two files each: <id>.set holds the members as they were at some revision, <id>.changes what changed since,
 * a record for each change. So a change of ten members writes ten, whatever the size of the set; once the changes
 * outweigh half of it, the set is written anew.
 *
 *   <id>.set       {"format":…,"name":…,"uid":…,"revision":"7",…,"sha256":…}\n<packed v4><packed v6>
 *   <id>.changes   [u32 length][sha256 of the rest][{"uid":…,"from":"7","revision":"9",…}\n<add v4><add v6><remove v4><remove v6>]…
 *
 * A record is whole before its change is acknowledged. One that is cut short at the end was never acknowledged, and is left
 * out; anything else that does not fit makes the set unusable: it is then not held, and the controller sends it again.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Members } from '../kernel-device';
import { changeSet, kernelSetName, type AddressSet, type SetChange } from './address-set';
import { syncFolder, withFile, writeDurably } from './durable-file';
import { faultOfMembers, MEMBER_SIZE } from './packed-members';

const FORMAT = 'nsgate-address-set';
const VERSION = 1;
const RECORD_HEAD = 36;
const SET = '.set';
const CHANGES = '.changes';

/** Changes of small sets are kept until they weigh this much. */
const MIN_COMPACTION = 64 << 10;

const Revision = v.pipe(
  v.string(),
  v.regex(/^\d{1,20}$/),
  v.transform((text) => BigInt(text)),
);
const Size = v.pipe(v.number(), v.integer(), v.minValue(0));
const SetHead = v.object({
  format: v.literal(FORMAT),
  version: v.literal(VERSION),
  name: v.string(),
  uid: v.string(),
  revision: Revision,
  bytes4: Size,
  sha256: v.string(),
});
const ChangeHead = v.object({
  uid: v.string(),
  from: Revision,
  revision: Revision,
  bytes: v.tuple([Size, Size, Size, Size]),
});

export interface UnusableSet {
  file: string;
  reason: string;
}

export interface LoadedSets {
  sets: AddressSet[];
  unusable: UnusableSet[];
}

/** Bytes of the two files; `changes` is undefined where nothing may be added to what is there. */
interface Sizes {
  set: number;
  changes: number | undefined;
}

/** Calls for one set must not overlap. */
export class AddressSetFiles {
  readonly #folder: string;
  readonly #sizes = new Map<string, Sizes>();

  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'address-sets');
  }

  /** Never throws for what is wrong with a file: that is told by `unusable`. */
  load(): LoadedSets {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const loaded: LoadedSets = { sets: [], unusable: [] };
    for (const file of readdirSync(this.#folder)
      .filter((name) => name.endsWith(SET))
      .sort()) {
      try {
        loaded.sets.push(this.#loadOne(file.slice(0, -SET.length)));
      } catch (error) {
        loaded.unusable.push({ file: join(this.#folder, file), reason: (error as Error).message });
      }
    }
    return loaded;
  }

  /** Resolves once the whole set would survive a power cut. */
  async save(set: AddressSet): Promise<void> {
    const id = idOf(set.name);
    const content = encodeSet(set);
    await writeDurably(this.#path(id, SET), content);
    // What changed before this revision is in it. Should the file outlive a crash here, its records are passed over.
    this.#sizes.set(id, { set: content.length, changes: undefined });
    await unlink(this.#path(id, CHANGES)).catch(ignoreAbsent);
    this.#sizes.set(id, { set: content.length, changes: 0 });
  }

  /** Resolves once the last change of `set`, which made it what it is, would survive a power cut. */
  async saveChange(set: AddressSet, change: SetChange): Promise<void> {
    const id = idOf(set.name);
    const sizes = this.#sizes.get(id);
    const record = encodeChange(set.uid, change);
    const total = (sizes?.changes ?? Infinity) + record.length;
    if (sizes?.changes === undefined || total > Math.max(MIN_COMPACTION, sizes.set / 2)) {
      await this.save(set);
      return;
    }
    const before = sizes.changes;
    // Until the record is whole, nothing can be added behind what may be a part of it.
    this.#sizes.set(id, { ...sizes, changes: undefined });
    await withFile(await open(this.#path(id, CHANGES), 'a', 0o600), async (file) => {
      await file.writeFile(record);
      await file.datasync();
    });
    if (before === 0) await syncFolder(this.#folder);
    this.#sizes.set(id, { ...sizes, changes: total });
  }

  async remove(name: string): Promise<void> {
    const id = idOf(name);
    this.#sizes.delete(id);
    await unlink(this.#path(id, SET)).catch(ignoreAbsent);
    await unlink(this.#path(id, CHANGES)).catch(ignoreAbsent);
    await syncFolder(this.#folder);
  }

  #loadOne(id: string): AddressSet {
    const content = readFileSync(this.#path(id, SET));
    const base = decodeSet(content);
    if (idOf(base.name) !== id) throw new Error(`it says that it is ${base.name}`);
    const journal = readIfThere(this.#path(id, CHANGES));
    const { set, end } = replay(base, journal);
    this.#sizes.set(id, { set: content.length, changes: end === journal.length ? end : undefined });
    return set;
  }

  #path(id: string, suffix: string): string {
    return join(this.#folder, `${id}${suffix}`);
  }
}

function encodeSet({ name, uid, revision, members }: AddressSet): Buffer {
  const body = Buffer.concat([members.v4, members.v6]);
  const head = {
    ...{ format: FORMAT, version: VERSION, name, uid, revision: String(revision) },
    ...{ bytes4: members.v4.length, sha256: sha256(body).toString('hex') },
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
}

function decodeSet(content: Buffer): AddressSet {
  const { head, body } = splitHead(content, SetHead);
  if (sha256(body).toString('hex') !== head.sha256) throw new Error('its checksum does not fit');
  const members = { v4: body.subarray(0, head.bytes4), v6: body.subarray(head.bytes4) };
  checkMembers(members);
  const { name, uid, revision } = head;
  return { name, uid, revision, members, changes: [] };
}

function encodeChange(uid: string, { from, revision, add, remove }: SetChange): Buffer {
  const parts = [add.v4, add.v6, remove.v4, remove.v6];
  const bytes = parts.map(({ length }) => length);
  const head = JSON.stringify({ uid, from: String(from), revision: String(revision), bytes });
  const payload = Buffer.concat([Buffer.from(`${head}\n`), ...parts]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(payload.length);
  return Buffer.concat([length, sha256(payload), payload]);
}

/** Applies the records that follow the set's revision; `end` is where the last whole one ends. */
function replay(base: AddressSet, journal: Buffer): { set: AddressSet; end: number } {
  let set = base;
  let end = 0;
  while (journal.length - end >= RECORD_HEAD) {
    const next = end + RECORD_HEAD + journal.readUInt32LE(end);
    if (next > journal.length) break;
    const payload = journal.subarray(end + RECORD_HEAD, next);
    if (!sha256(payload).equals(journal.subarray(end + 4, end + RECORD_HEAD))) {
      throw new Error(`the checksum of a change does not fit, at byte ${end} of ${CHANGES.slice(1)}`);
    }
    set = applyRecord(set, payload);
    end = next;
  }
  return { set, end };
}

function applyRecord(set: AddressSet, payload: Buffer): AddressSet {
  const { head, body } = splitHead(payload, ChangeHead);
  // Left from before the set was written whole.
  if (head.uid !== set.uid || head.revision <= set.revision) return set;
  if (head.from !== set.revision) {
    throw new Error(`a change begins at revision ${head.from}, the set is at ${set.revision}`);
  }
  const [add4, add6, remove4] = head.bytes;
  const at = [add4, add4 + add6, add4 + add6 + remove4] as const;
  const add = { v4: body.subarray(0, at[0]), v6: body.subarray(at[0], at[1]) };
  const remove = { v4: body.subarray(at[1], at[2]), v6: body.subarray(at[2]) };
  return changeSet(set, { from: head.from, revision: head.revision, add, remove });
}

function splitHead<T>(content: Buffer, schema: v.GenericSchema<unknown, T>): { head: T; body: Buffer } {
  const end = content.indexOf('\n');
  const head = v.safeParse(schema, parseJson(content.toString('utf8', 0, Math.max(end, 0))));
  if (head.success) return { head: head.output, body: content.subarray(end + 1) };
  const [{ message }] = head.issues;
  throw new Error(`it does not begin with a header of this format and version: ${message}`);
}

function checkMembers({ v4, v6 }: Members): void {
  const fault = faultOfMembers(v4, MEMBER_SIZE.v4) ?? faultOfMembers(v6, MEMBER_SIZE.v6);
  if (fault !== undefined) throw new Error(fault);
}

function idOf(name: string): string {
  const id = kernelSetName(name);
  if (id === undefined) throw new Error(`${JSON.stringify(name)} is no address set's name`);
  return id;
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    ignoreAbsent(error);
    return Buffer.alloc(0);
  }
}

function ignoreAbsent(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sha256(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}
