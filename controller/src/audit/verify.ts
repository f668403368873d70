/** Checks the chain of an audit log that may be spread over several files. */
import { closeSync, openSync, readSync } from 'node:fs';
import { CHAIN_START, chainFault, parseEntry, type ChainHead } from './audit-entry';

export interface Verified {
  /** The chain's first entry that was looked at; 0 for an empty log. */
  readonly first: number;
  readonly head: ChainHead;
  /** Whether an entry has the hash that was noted down; undefined when none was. */
  readonly holdsNoted: boolean | undefined;
}

const CHUNK = 1 << 20;

/**
 * Follows the chain through the files, oldest first. An Error names the file and line at which it breaks. `noted` is the hash of an entry that
 * was noted down earlier: by the chain alone it cannot be seen that the newest entries were cut off.
 */
export function verifyChain(paths: readonly string[], noted?: string): Verified {
  let head: ChainHead | undefined;
  let first = 0;
  let holdsNoted = noted === undefined ? undefined : noted === CHAIN_START.hash;
  for (const path of paths) {
    let number = 0;
    for (const line of linesOf(path)) {
      number += 1;
      try {
        const entry = parseEntry(line);
        // What was before an older file that is no longer kept cannot be checked.
        const before =
          head ??
          (entry.sequence === 1 ? CHAIN_START : { sequence: entry.sequence - 1, hash: entry.previous });
        const fault = chainFault(entry, before);
        if (fault !== undefined) throw new Error(fault);
        if (head === undefined) first = entry.sequence;
        head = entry;
        if (entry.hash === noted) holdsNoted = true;
      } catch (error) {
        throw new Error(`${path}:${number}: ${(error as Error).message}`, { cause: error });
      }
    }
  }
  return { first, head: head ?? CHAIN_START, holdsNoted };
}

/** A last line without its newline is a line as well: it is broken, and is to be told. */
function* linesOf(path: string): Generator<string> {
  const fd = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK);
    let rest: Buffer = Buffer.alloc(0);
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      rest = Buffer.concat([rest, chunk.subarray(0, read)]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        yield rest.subarray(0, end).toString('utf8');
        rest = rest.subarray(end + 1);
      }
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    closeSync(fd);
  }
}
