/** The audit log on disk: appended to, bound into a chain, rotated by size, and watched. */
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  CHAIN_START,
  chainEntry,
  formatEntry,
  parseEntry,
  type AuditEntry,
  type AuditRecord,
  type ChainHead,
} from './audit-entry';
import { DiskReserve } from './disk-reserve';
import { HeadNote, readHeadNote } from './head-note';
import { readLastLine } from './last-line';
import { RecentEntries } from './recent-entries';

export interface AuditLogOptions {
  readonly path: string;
  /** A file that has grown beyond it is put aside. */
  readonly maxBytes: number;
  /** How many files that were put aside are kept. */
  readonly keep: number;
}

/** A file of the log that is open, as far as it is written. */
export interface WrittenFile {
  readonly fd: number;
  readonly bytes: number;
}

type Watcher = (entry: AuditEntry) => void;

/** Method of the entry by which a log says that entries of it are gone. */
export const LOSS = 'audit.Open';

/** What waits in memory while the file cannot be written. */
const MAX_WAITING = 1000;

interface Waiting {
  readonly record: AuditRecord;
  readonly time: Date;
  readonly onWritten?: () => void;
}

export class AuditLog {
  #fd: number;
  #head: ChainHead;
  #bytes: number;
  #waiting: Waiting[] = [];
  #isUnsynced = false;
  readonly #reserve: DiskReserve;
  readonly #note: HeadNote;
  readonly #watchers = new Set<Watcher>();

  /** Those that have been written since it was opened, as far back as memory goes. */
  readonly recent = new RecentEntries();

  /** Opens (or makes, mode 0600) the file and continues its chain. An Error says why it cannot. */
  constructor(private readonly options: AuditLogOptions) {
    const { path } = options;
    // Not among what `audit.jsonl.*` names.
    this.#reserve = new DiskReserve(join(dirname(path), `.${basename(path)}.reserve`));
    const opened = open(path);
    this.#fd = opened.fd;
    this.#bytes = opened.bytes;
    this.#head = opened.head ?? this.#headOfRotated();
    const noted = readHeadNote(path);
    this.#note = new HeadNote(path);
    this.#noteLoss(noted);
    this.#note.write(this.#head);
  }

  close(): void {
    this.#note.close();
    closeSync(this.#fd);
  }

  /** Told of every entry, once it is written. Gives what ends it. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The newest entry. */
  get head(): ChainHead {
    return this.#head;
  }

  /** Opens the oldest file that has entries after the one of that number. To be closed by the caller. */
  openAfter(sequence: number): WrittenFile {
    const aside = rotatedFiles(this.options.path).find((name) => lastOf(name) > sequence);
    const fd = openSync(aside ?? this.options.path, 'r');
    return { fd, bytes: aside === undefined ? this.#bytes : fstatSync(fd).size };
  }

  /**
   * Throws what keeps the log from being written: no change may be made that could not be put on record. What a full disk would keep from
   * being written after it there is space for, in reserve.
   */
  demandWritable(): void {
    this.#writeWaiting();
    this.#reserve.take();
    if (this.#isUnsynced) this.#sync();
  }

  /** Puts it on record; `durable`: also over a power cut. What cannot be written now waits, and demandWritable throws until it is. */
  append(record: AuditRecord, { durable }: { durable: boolean }): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ record, time: new Date() });
    try {
      this.#writeWaiting();
      if (durable) this.#sync();
    } catch {
      // The call that it is about is over; the next change is refused.
    }
  }

  #sync(): void {
    this.#isUnsynced = true;
    fdatasyncSync(this.#fd);
    this.#isUnsynced = false;
  }

  #writeWaiting(): void {
    if (this.#bytes > this.options.maxBytes) this.#rotate();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const entry = chainEntry(next.record, next.time, this.#head);
      const line = Buffer.from(`${formatEntry(entry)}\n`);
      this.#write(line);
      this.#head = entry;
      this.recent.add(entry, line.length);
      this.#waiting.shift();
      for (const watcher of [...this.#watchers]) watcher(entry);
      next.onWritten?.();
    }
    this.#note.write(this.#head);
  }

  /** All of the line, if need be into the space in reserve, or nothing of it. */
  #write(line: Buffer): void {
    try {
      this.#writeWhole(line);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC' || !this.#reserve.release()) throw error;
      this.#writeWhole(line);
    }
    this.#bytes += line.length;
  }

  #writeWhole(line: Buffer): void {
    let written = 0;
    try {
      while (written < line.length) written += writeSync(this.#fd, line, written);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
  }

  /** `audit.jsonl` becomes `audit.jsonl.000000000123`, by its last entry: names sort as the chain goes. */
  #rotate(): void {
    const { path, keep } = this.options;
    fdatasyncSync(this.#fd);
    const aside = `${path}.${String(this.#head.sequence).padStart(12, '0')}`;
    renameSync(path, aside);
    const fd = openOrElse(path, () => renameSync(aside, path));
    closeSync(this.#fd);
    this.#fd = fd;
    this.#bytes = 0;
    const old = rotatedFiles(path);
    this.#letGo(old.slice(0, Math.max(0, old.length - keep)));
  }

  /** It is on record that they are no longer kept before they go. */
  #letGo(files: readonly string[]): void {
    const newest = files.at(-1);
    if (newest === undefined) return;
    const keptFrom = lastOf(newest) + 1;
    const record = ownRecord('audit.Rotate', 'OK', `entries before ${keptFrom} are no longer kept`);
    const onWritten = (): void => files.forEach((name) => unlinkSync(name));
    this.#waiting.unshift({ record: { ...record, keptFrom }, time: new Date(), onWritten });
  }

  /** Entries were taken away while no controller ran, or lost to a power cut: that is on record. */
  #noteLoss(noted: ChainHead | undefined): void {
    const { sequence, hash } = this.#head;
    if (noted === undefined || noted.sequence < sequence || noted.hash === hash) return;
    const found = `the log was found to end with entry ${sequence}`;
    const reason = `${found}, and ${noted.sequence} was written, with the hash ${noted.hash}: entries were cut off or lost`;
    this.append(ownRecord(LOSS, 'DATA_LOSS', reason), { durable: true });
  }

  #headOfRotated(): ChainHead {
    const newest = rotatedFiles(this.options.path).at(-1);
    const line = newest && readLastLine(newest).line;
    return newest === undefined || line === undefined ? CHAIN_START : headOf(newest, line);
  }
}

/** Whether a file of that name is one that a log has put aside. */
export function isPutAside(path: string): boolean {
  return /\.\d{12}$/.test(path);
}

/** Those of the log that were put aside, the oldest first. */
export function rotatedFiles(path: string): string[] {
  const log = basename(path);
  return readdirSync(dirname(path))
    .filter((name) => isPutAside(name) && name.slice(0, -13) === log)
    .sort()
    .map((name) => join(dirname(path), name));
}

function openOrElse(path: string, undo: () => void): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    undo();
    throw error;
  }
}

/** The last entry of a file that was put aside. */
function lastOf(name: string): number {
  return Number(name.slice(-12));
}

/** What the log tells of itself. */
function ownRecord(method: string, result: string, reason: string): AuditRecord {
  return { principal: 'controller', method, peer: '', resources: [], result, reason, validateOnly: false };
}

interface Opened {
  readonly fd: number;
  readonly bytes: number;
  readonly head: ChainHead | undefined;
}

function open(path: string): Opened {
  const fd = openSync(path, 'a', 0o600);
  const { line, end: bytes } = readLastLine(path);
  const head = line === undefined ? undefined : headOf(path, line);
  // A kill in the middle of a write leaves a part of a line, of a call that was not answered.
  if (fstatSync(fd).size > bytes) ftruncateSync(fd, bytes);
  return { fd, bytes, head };
}

function headOf(path: string, line: string): ChainHead {
  try {
    return parseEntry(line);
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(`the last line of the audit log ${path}: ${why}; put the file aside to begin another`, {
      cause: error,
    });
  }
}
