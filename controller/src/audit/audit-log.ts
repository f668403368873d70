/** The audit log on disk: appended to, bound into a chain, rotated by size, and watched. */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
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

export interface AuditLogOptions {
  readonly path: string;
  /** A file that has grown beyond it is put aside. */
  readonly maxBytes: number;
  /** How many files that were put aside are kept. */
  readonly keep: number;
}

type Watcher = (entry: AuditEntry) => void;

/** What waits in memory while the file cannot be written. */
const MAX_WAITING = 1000;

export class AuditLog {
  #fd: number;
  #head: ChainHead;
  #bytes: number;
  #waiting: { readonly record: AuditRecord; readonly time: Date }[] = [];
  readonly #watchers = new Set<Watcher>();

  /** Opens (or makes, mode 0600) the file and continues its chain. An Error says why it cannot. */
  constructor(private readonly options: AuditLogOptions) {
    const opened = open(options.path);
    this.#fd = opened.fd;
    this.#bytes = opened.bytes;
    this.#head = opened.head ?? this.#headOfRotated();
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Told of every entry, once it is written. Gives what ends it. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Throws what keeps the log from being written: no change may be made that could not be put on record. */
  demandWritable(): void {
    this.#writeWaiting();
  }

  /** Puts it on record; `durable`: also over a power cut. What cannot be written now waits, and demandWritable throws until it is. */
  append(record: AuditRecord, { durable }: { durable: boolean }): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ record, time: new Date() });
    try {
      this.#writeWaiting();
      if (durable) fdatasyncSync(this.#fd);
    } catch {
      // The call that it is about is over; the next change is refused.
    }
  }

  #writeWaiting(): void {
    if (this.#bytes > this.options.maxBytes) this.#rotate();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const entry = chainEntry(next.record, next.time, this.#head);
      this.#write(`${formatEntry(entry)}\n`);
      this.#head = entry;
      this.#waiting.shift();
      for (const watcher of this.#watchers) watcher(entry);
    }
  }

  /** All of the line, or, when the disk is full, nothing of it. */
  #write(line: string): void {
    const bytes = Buffer.from(line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
  }

  /** `audit.jsonl` becomes `audit.jsonl.000000000123`, by its last entry: names sort as the chain goes. */
  #rotate(): void {
    const { path, keep } = this.options;
    fdatasyncSync(this.#fd);
    renameSync(path, `${path}.${String(this.#head.sequence).padStart(12, '0')}`);
    closeSync(this.#fd);
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = 0;
    const old = this.#rotated();
    for (const name of old.slice(0, Math.max(0, old.length - keep))) unlinkSync(name);
  }

  #rotated(): string[] {
    const { path } = this.options;
    const prefix = `${basename(path)}.`;
    const names = readdirSync(dirname(path)).filter((name) => /^\d{12}$/.test(name.slice(prefix.length)));
    return names
      .filter((name) => name.startsWith(prefix))
      .sort()
      .map((name) => join(dirname(path), name));
  }

  #headOfRotated(): ChainHead {
    const newest = this.#rotated().at(-1);
    return newest === undefined ? CHAIN_START : (headOf(newest, readFileSync(newest)) ?? CHAIN_START);
  }
}

interface Opened {
  readonly fd: number;
  readonly bytes: number;
  readonly head: ChainHead | undefined;
}

function open(path: string): Opened {
  const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  // A kill in the middle of a write leaves a part of a line, of a call that was not answered.
  const bytes = content.lastIndexOf('\n') + 1;
  const head = headOf(path, content.subarray(0, bytes));
  const fd = openSync(path, 'a', 0o600);
  if (fstatSync(fd).size > bytes) ftruncateSync(fd, bytes);
  return { fd, bytes, head };
}

function headOf(path: string, content: Buffer): ChainHead | undefined {
  const end = content.length - 1;
  if (end < 0) return undefined;
  const line = content.subarray(content.lastIndexOf('\n', end - 1) + 1, end).toString('utf8');
  try {
    return parseEntry(line);
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(`the last line of the audit log ${path}: ${why}; put the file aside to begin another`, {
      cause: error,
    });
  }
}
