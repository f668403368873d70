/** `nsgate audit`: the record of changes and refusals, checked and watched. */
import type { AuditEntry, WatchAuditRequest, WatchAuditResponse } from '@nsgate/proto';
import { AuditEntry as AuditEntryMessage, RpcError } from '@nsgate/proto';
import type { ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { verifyChain, type Verified } from '../src/audit/verify';
import type { CommandContext } from './command-context';
import { CommandError } from './exit-code';

/** Checks the chain of files, oldest first, without asking a controller; `noted` is the hash of an entry that has to be there. */
export function verifyAudit(
  files: readonly string[],
  { noted }: { noted?: string },
  print: (line: string) => void,
): void {
  const { first, head, holdsNoted } = verified(files, noted);
  if (holdsNoted === false) {
    const end = `they end with ${head.sequence}: entries were cut off, or this is another log`;
    throw new CommandError('differs', `no entry has the hash ${noted ?? ''}; ${end}`);
  }
  if (head.sequence === 0) print('there are no entries');
  else print(`entries ${first} to ${head.sequence} are whole; the last has the hash ${head.hash}`);
  if (first > 1) print(`entries before ${first} are in files that were not given, or are no longer kept`);
}

function verified(files: readonly string[], noted: string | undefined): Verified {
  try {
    return verifyChain(files, noted);
  } catch (error) {
    throw new CommandError('differs', (error as Error).message);
  }
}

export interface WatchOptions {
  readonly json: boolean;
  /** The sequence of the last entry that is known. */
  readonly after?: string;
  /** Its hash. */
  readonly hash?: string;
}

/** Prints entries as they are written, until it is interrupted. */
export function watchAudit({ connection, print }: CommandContext, options: WatchOptions): Promise<void> {
  const stream = connection.audit.watchAudit(positionOf(options));
  process.once('SIGINT', () => stream.cancel());
  return new Promise((resolve, reject) => {
    stream.on('data', ({ entry }: WatchAuditResponse) => {
      if (entry === undefined) return;
      print(options.json ? JSON.stringify(AuditEntryMessage.toJSON(entry)) : entryText(entry));
    });
    stream.on('error', (error: ServiceError) => {
      if (error.code === status.CANCELLED) resolve();
      else reject(RpcError.fromServiceError(error));
    });
    stream.on('end', resolve);
  });
}

function positionOf({ after, hash }: WatchOptions): WatchAuditRequest {
  if (after === undefined && hash !== undefined) throw new CommandError('usage', '--hash needs --after');
  if (after !== undefined && !/^\d{1,15}$/.test(after))
    throw new CommandError('usage', `--after ${after} is not the number of an entry`);
  return { afterSequence: after === undefined ? undefined : BigInt(after), afterHash: hash ?? '' };
}

function entryText(entry: AuditEntry): string {
  const { sequence, time, principal, peer, method, resources, result, reason } = entry;
  const call = method.replace('nsgate.v1.', '');
  const names = resources.map(({ name }) => name).join(',');
  const checked = entry.validateOnly ? ' (checked only)' : '';
  const why = reason === '' ? '' : `: ${reason}`;
  return `${sequence} ${time?.toISOString() ?? ''} ${principal} from ${peer} ${call} ${names} ${result}${checked}${why}`;
}
