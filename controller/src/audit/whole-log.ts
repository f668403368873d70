/** Whether an audit log is whole: its chain, its beginning and its end. */
import { CHAIN_START, type AuditEntry } from './audit-entry';
import { isPutAside, LOSS, rotatedFiles } from './audit-log';
import { readHeadNote } from './head-note';
import { verifyChain, type Verified } from './verify';

export interface WholeLogOptions {
  /** Hash of an entry that was noted down elsewhere: it has to be there, and what was lost before it is known. */
  readonly noted?: string | undefined;
  /** The files are a part of the log: what stands before them is not asked for. */
  readonly isPart?: boolean | undefined;
}

export interface WholeLog extends Verified {
  /** What is wrong, each in a sentence without its full stop; none when all is there. */
  readonly faults: readonly string[];
  /** Whether a note beside the log tells with which entry it has to end. */
  readonly isEndKnown: boolean;
}

/**
 * Checks the log `audit.jsonl` with the files of it that were put aside; those may also be named one by one, oldest first. An Error names the
 * file and line at which the chain breaks.
 */
export function checkWholeLog(files: readonly string[], { noted, isPart }: WholeLogOptions): WholeLog {
  // Before the entries are read: a controller may be writing.
  const ends = files.flatMap((path) => readHeadNote(path) ?? []);
  const missing = new Map(
    ends.map(({ sequence, hash }) => [hash, `entry ${sequence} was written, and is not there`]),
  );
  if (noted !== undefined) missing.set(noted, `no entry has the hash ${noted}`);
  missing.delete(CHAIN_START.hash);
  let keptFrom = 1;
  let losses: AuditEntry[] = [];
  const verified = verifyChain(withPutAside(files), (entry) => {
    keptFrom = entry.keptFrom ?? keptFrom;
    if (entry.method === LOSS) losses.push(entry);
    if (entry.hash === noted) losses = [];
    missing.delete(entry.hash);
  });
  const { first } = verified;
  const isCutBefore = first > keptFrom && isPart !== true;
  const faults = [
    ...(isCutBefore ? [rangeMissing(keptFrom, first - 1)] : []),
    ...losses.map(({ sequence, reason }) => `entry ${sequence} says: ${reason}`),
    ...missing.values(),
  ];
  return { ...verified, faults, isEndKnown: ends.length > 0 };
}

function rangeMissing(from: number, to: number): string {
  return from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`;
}

function withPutAside(files: readonly string[]): string[] {
  return [...new Set(files.flatMap((path) => (isPutAside(path) ? [path] : [...rotatedFiles(path), path])))];
}
