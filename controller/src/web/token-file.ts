/** The tokens that viewers log in with: a file with the SHA-256 of each in hexadecimal, one a line, as sha256sum(1) prints it. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import { causeOf, StartupError } from '../startup-error';

const LINE = /^([0-9a-f]{64})(?:\s.*)?$/i;

/** Reads the file again when it has changed: a line that is taken out ends the sessions that it began. */
export class TokenFile {
  #hashes: readonly Buffer[];
  #version: string;

  /** StartupError when the file cannot be read, or a line of it is no hash. */
  constructor(
    private readonly path: string,
    private readonly logger: Logger,
  ) {
    try {
      this.#version = this.#versionNow();
      this.#hashes = readHashes(path);
    } catch (error) {
      throw new StartupError(`cannot use the token file ${path}: ${causeOf(error)}`, { cause: error });
    }
  }

  /** The hash of the token, in hexadecimal, if it is one of the file's. Takes the same time whichever it is. */
  find(token: string): string | undefined {
    return this.#find(createHash('sha256').update(token).digest());
  }

  /** Whether the hash that `find` gave is in the file still. */
  holds(hash: string): boolean {
    return this.#find(Buffer.from(hash, 'hex')) !== undefined;
  }

  #find(wanted: Buffer): string | undefined {
    this.#refresh();
    let found: string | undefined;
    for (const hash of this.#hashes) if (timingSafeEqual(hash, wanted)) found = hash.toString('hex');
    return found;
  }

  /** A file that cannot be used lets nobody in: what an operator meant to take out must not go on. */
  #refresh(): void {
    try {
      const version = this.#versionNow();
      if (version === this.#version) return;
      this.#version = version;
      this.#hashes = readHashes(this.path);
    } catch (error) {
      if (this.#hashes.length > 0) {
        this.logger.error(
          { err: error, file: this.path },
          'the token file cannot be used: no token is taken',
        );
      }
      this.#version = '';
      this.#hashes = [];
    }
  }

  #versionNow(): string {
    const { ino, size, mtimeMs, ctimeMs } = statSync(this.path);
    return [ino, size, mtimeMs, ctimeMs].join(' ');
  }
}

function readHashes(path: string): Buffer[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line, i) => {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) return [];
    const hash = LINE.exec(text)?.[1];
    if (hash === undefined) throw new Error(`line ${i + 1} is no SHA-256 in hexadecimal`);
    return [Buffer.from(hash, 'hex')];
  });
}
