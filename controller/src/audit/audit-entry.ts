/**
 * An entry of the audit log as a line, and the chain that binds lines together.
 *
 * A line is JSON. Its last member, `hash`, is SHA-256 of the line without it; `previous` is the hash of the line before. Who changes a
 * line changes its hash, and with it `previous` of the next; who removes one leaves a next that names what is not there. Which of the
 * oldest are no longer kept stands in an entry (`keptFrom`). What is taken off the end leaves no trace in the lines: see head-note.ts.
 *
 *   {"sequence":1,…,"previous":"000…","hash":"5a1…"}
 *   {"sequence":2,…,"previous":"5a1…","hash":"c07…"}
 */
import { createHash } from 'node:crypto';

export interface AuditedResource {
  readonly name: string;
  /** SHA-256 of it, in hexadecimal; empty when there was none. */
  readonly before: string;
  readonly after: string;
}

/** What a call did, or was refused. */
export interface AuditRecord {
  readonly principal: string;
  readonly method: string;
  readonly peer: string;
  readonly resources: readonly AuditedResource[];
  /** Name of the gRPC status. */
  readonly result: string;
  readonly reason: string;
  readonly validateOnly: boolean;
  /** Said by the log itself when it lets its oldest files go: the first entry that is still kept. */
  readonly keptFrom?: number;
}

export interface AuditEntry extends AuditRecord {
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly previous: string;
  readonly hash: string;
}

/** Where a chain stands: what the next entry continues. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

/** Before the first entry. */
export const CHAIN_START: ChainHead = { sequence: 0, hash: '0'.repeat(64) };

const HASH_MEMBER = /,"hash":"([0-9a-f]{64})"\}$/;

/** The next entry of a chain. */
export function chainEntry(record: AuditRecord, time: Date, head: ChainHead): AuditEntry {
  const body = {
    sequence: head.sequence + 1,
    time: time.toISOString(),
    principal: record.principal,
    method: record.method,
    peer: record.peer,
    resources: record.resources,
    result: record.result,
    reason: record.reason,
    validateOnly: record.validateOnly,
    ...(record.keptFrom === undefined ? {} : { keptFrom: record.keptFrom }),
    previous: head.hash,
  };
  return { ...body, hash: hashOf(JSON.stringify(body)) };
}

/** Without a newline. */
export function formatEntry(entry: AuditEntry): string {
  return JSON.stringify(entry);
}

/** Reads a line; an Error says what is wrong with it by itself. */
export function parseEntry(line: string): AuditEntry {
  const [, hash] = HASH_MEMBER.exec(line) ?? [];
  if (hash === undefined) throw new Error('it is no entry of an audit log');
  if (hashOf(`${line.replace(HASH_MEMBER, '')}}`) !== hash)
    throw new Error('it was changed after it was written');
  return JSON.parse(line) as AuditEntry;
}

/** Why the entry does not continue the chain; undefined when it does. */
export function chainFault(entry: AuditEntry, head: ChainHead): string | undefined {
  if (entry.sequence !== head.sequence + 1)
    return `entry ${head.sequence + 1} is missing: here stands ${entry.sequence}`;
  return entry.previous === head.hash ? undefined : `it does not continue entry ${head.sequence}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
