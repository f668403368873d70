/** Says when any of some files has other contents: also when it is replaced, or a link to it moves, as secrets mounted by Kubernetes do. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const INTERVAL_MS = 1000;
/** Whoever writes a file in place empties it first: what is taken up has not changed for so long. */
const SETTLED_MS = 100;

/** Looks every second: inotify sees neither a moved link nor a network file system. The files are small. */
export class FileWatch {
  #seen: string;
  readonly #timer: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;

  constructor(
    /** Gone through at each look: they may be others then. */
    private readonly paths: Iterable<string>,
    private readonly onChange: () => void,
    intervalMs = INTERVAL_MS,
  ) {
    this.#seen = this.#look();
    this.#timer = setInterval(() => this.#check(), intervalMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
  }

  #check(): void {
    const now = this.#look();
    if (now === this.#seen || this.#settling !== undefined) return;
    this.#settling = setTimeout(() => this.#settle(now), SETTLED_MS).unref();
  }

  #settle(found: string): void {
    this.#settling = undefined;
    if (this.#look() !== found) return;
    this.#seen = found;
    this.onChange();
  }

  /** A file that cannot be read just now counts as empty: the next look finds it changed again. */
  #look(): string {
    const hash = createHash('sha256');
    for (const path of this.paths) hash.update(contentOf(path)).update('\0');
    return hash.digest('hex');
  }
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
