/** Entries of the log from a position on: those of the files first, then those that are written. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseEntry, type AuditEntry } from './audit-entry';
import type { AuditLog, WrittenFile } from './audit-log';

/** The next entry is not kept any more, was never written, or does not continue the one that the follower has. */
export class AuditGap extends Error {}

/** The last entry that a follower has; 0: from the oldest that is kept. */
export interface AuditPosition {
  readonly sequence: number;
  /** Left out: whatever comes next is believed to continue it. */
  readonly hash?: string;
}

export interface FollowOptions {
  readonly after: AuditPosition;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Gives each entry once, in order, until it is told to stop. However slowly they are taken, nothing waits in memory for it: who falls behind is
 * given what stands in the files. Throws AuditGap.
 */
export async function* followAudit(
  log: AuditLog,
  { after, signal }: FollowOptions,
): AsyncGenerator<AuditEntry> {
  if (after.sequence > log.head.sequence) throw new AuditGap(`there is no entry ${after.sequence} yet`);
  if (after.sequence === log.head.sequence) demandHash(after, log.head.hash);
  const isOver = (): boolean => signal.aborted;
  let position = after;
  while (!isOver()) {
    if (position.sequence === log.head.sequence) {
      await nextEntry(log, signal);
      continue;
    }
    const { sequence } = position;
    for await (const entry of log.recent.after(sequence) ?? entriesOf(log.openAfter(sequence), sequence)) {
      demandNext(entry, position);
      yield entry;
      position = entry;
      if (isOver()) return;
    }
  }
}

function demandNext(entry: AuditEntry, position: AuditPosition): void {
  if (position.sequence === 0) return;
  if (entry.sequence !== position.sequence + 1)
    throw new AuditGap(`entries ${position.sequence + 1} to ${entry.sequence - 1} are no longer kept`);
  demandHash(position, entry.previous);
}

function demandHash({ sequence, hash }: AuditPosition, found: string): void {
  if (hash !== undefined && hash !== found)
    throw new AuditGap(`entry ${sequence} of this log has the hash ${found}, not ${hash}`);
}

/** Until the next entry is written, or the signal is given. */
function nextEntry(log: AuditLog, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unwatch();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const unwatch = log.watch(done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

/** As far as it is written now: what has become of the file since, which may have been put aside, does not matter. */
async function* entriesOf({ fd, bytes }: WrittenFile, after: number): AsyncGenerator<AuditEntry> {
  const input = createReadStream('', { fd, start: 0, end: bytes - 1 });
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const entry = parseEntry(line);
      if (entry.sequence > after) yield entry;
    }
  } finally {
    input.destroy();
  }
}
