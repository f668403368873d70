/** `nsgate audit`: the record of changes and refusals, checked and watched. */
import type { AuditEntry, WatchAuditRequest, WatchAuditResponse } from '@nsgate/proto';
import { AuditEntry as AuditEntryMessage, RpcError } from '@nsgate/proto';
import type { ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { checkWholeLog, type WholeLog, type WholeLogOptions } from '../src/audit/whole-log';
import type { CommandContext } from './command-context';
import { CommandError } from './exit-code';

export interface VerifyOptions {
  readonly noted?: string;
  readonly part?: boolean;
}

/** Checks a log, or some files of one, without asking a controller. */
export function verifyAudit(
  files: readonly string[],
  { noted, part }: VerifyOptions,
  print: (line: string) => void,
): void {
  const { first, head, faults, isEndKnown } = checked(files, { noted, isPart: part });
  if (faults.length > 0)
    throw new CommandError('differs', `${faults.join('\n')}\nthe last entry is ${head.sequence}`);
  if (head.sequence === 0) print('there are no entries');
  else print(`entries ${first} to ${head.sequence} are whole; the last has the hash ${head.hash}`);
  if (first > 1 && part !== true) print(`entries before ${first} are no longer kept, as the log itself says`);
  if (!isEndKnown && noted === undefined)
    print(
      'whether entries were cut off the end cannot be seen: give --noted, the hash of one that was noted down',
    );
}

function checked(files: readonly string[], options: WholeLogOptions): WholeLog {
  try {
    return checkWholeLog(files, options);
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new CommandError('notFound', `there is no file ${path ?? ''}`);
    throw new CommandError('differs', message);
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
