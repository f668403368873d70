/** Checks the chain of an audit log that may be spread over several files. */
import { closeSync, openSync, readSync } from 'node:fs';
import { CHAIN_START, chainFault, parseEntry, type AuditEntry, type ChainHead } from './audit-entry';

export interface Verified {
  /** The chain's first entry that was looked at; 0 for an empty log. */
  readonly first: number;
  readonly head: ChainHead;
}

const CHUNK = 1 << 20;

/** Follows the chain through the files, oldest first; `visit` is shown each entry. An Error names the file and line at which it breaks. */
export function verifyChain(
  paths: readonly string[],
  visit: (entry: AuditEntry) => void = () => undefined,
): Verified {
  let first = 0;
  let head: ChainHead | undefined;
  for (const { entry, place } of entriesOf(paths)) {
    const fault = chainFault(entry, head ?? before(entry));
    if (fault !== undefined) throw new Error(`${place}: ${fault}`);
    if (head === undefined) first = entry.sequence;
    head = entry;
    visit(entry);
  }
  return { first, head: head ?? CHAIN_START };
}

/** What an entry continues with which the files begin. */
function before({ sequence, previous }: AuditEntry): ChainHead {
  return sequence === 1 ? CHAIN_START : { sequence: sequence - 1, hash: previous };
}

function* entriesOf(paths: readonly string[]): Generator<{ entry: AuditEntry; place: string }> {
  for (const path of paths) {
    let number = 0;
    for (const line of linesOf(path)) {
      number += 1;
      const place = `${path}:${number}`;
      try {
        yield { entry: parseEntry(line), place };
      } catch (error) {
        throw new Error(`${place}: ${(error as Error).message}`, { cause: error });
      }
    }
  }
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
