/** Space that is kept for when the disk is full, so that what was done can still be written down. */
import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** Several entries of the largest kind. */
const BYTES = 1 << 20;

export class DiskReserve {
  #isThere = false;

  constructor(private readonly path: string) {}

  /** Takes the space, unless it is held already. Throws what keeps it from being had. */
  take(): void {
    if (this.#isThere) return;
    const fd = openSync(this.path, 'w', 0o600);
    try {
      // Random, so that it takes its space also where files are compressed.
      const bytes = randomBytes(BYTES);
      for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
      fdatasyncSync(fd);
      this.#isThere = true;
    } finally {
      if (!this.#isThere) ftruncateSync(fd);
      closeSync(fd);
    }
  }

  /** Gives the space back to the disk; false when there was none. */
  release(): boolean {
    if (!this.#isThere) return false;
    this.#isThere = false;
    closeSync(openSync(this.path, 'w', 0o600));
    return true;
  }
}
