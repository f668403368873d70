/**
 * The newest entry of a log, noted in a file beside it: by the lines alone it could not be seen that the last of them were cut off.
 * Who can write the log can write the note, too; who fears that keeps hashes elsewhere (WatchAudit).
 */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ChainHead } from './audit-entry';

const FORM = /^(\d{15}) ([0-9a-f]{64})\n$/;

/** Hidden, so that it is not among what `audit.jsonl.*` names. */
export function headNotePath(log: string): string {
  return join(dirname(log), `.${basename(log)}.head`);
}

/** The note of that log; undefined when there is none that can be read. */
export function readHeadNote(log: string): ChainHead | undefined {
  try {
    const [, sequence, hash] = FORM.exec(readFileSync(headNotePath(log), 'utf8')) ?? [];
    return sequence === undefined || hash === undefined ? undefined : { sequence: Number(sequence), hash };
  } catch {
    return undefined;
  }
}

export class HeadNote {
  readonly #fd: number;
  #noted: ChainHead | undefined;

  /** Opens (or makes, mode 0600) the note of that log. */
  constructor(log: string) {
    const { O_RDWR, O_CREAT } = constants;
    this.#fd = openSync(headNotePath(log), O_RDWR | O_CREAT, 0o600);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** In place and as long as before: a full disk does not keep it from being written. */
  write(head: ChainHead): void {
    if (head.hash === this.#noted?.hash) return;
    writeSync(this.#fd, `${String(head.sequence).padStart(15, '0')} ${head.hash}\n`, 0);
    this.#noted = head;
  }
}
