/** `nsgate audit`: the record of changes and refusals, checked and watched. */
import type { AuditEntry, WatchAuditResponse } from '@nsgate/proto';
import { AuditEntry as AuditEntryMessage, RpcError } from '@nsgate/proto';
import type { ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { verifyChain } from '../src/audit/verify';
import type { CommandContext } from './command-context';
import { CommandError } from './exit-code';

/** Checks the chain of files, oldest first, without asking a controller. */
export function verifyAudit(files: readonly string[], print: (line: string) => void): void {
  try {
    const { first, head } = verifyChain(files);
    if (head.sequence === 0) print('there are no entries');
    else print(`entries ${first} to ${head.sequence} are whole; the last has the hash ${head.hash}`);
  } catch (error) {
    throw new CommandError('differs', (error as Error).message);
  }
}

/** Prints entries as they are written, until it is interrupted. */
export function watchAudit(
  { connection, print }: CommandContext,
  { json }: { json: boolean },
): Promise<void> {
  const stream = connection.audit.watchAudit({});
  process.once('SIGINT', () => stream.cancel());
  return new Promise((resolve, reject) => {
    stream.on('data', ({ entry }: WatchAuditResponse) => {
      if (entry === undefined) return;
      print(json ? JSON.stringify(AuditEntryMessage.toJSON(entry)) : entryText(entry));
    });
    stream.on('error', (error: ServiceError) => {
      if (error.code === status.CANCELLED) resolve();
      else reject(RpcError.fromServiceError(error));
    });
    stream.on('end', resolve);
  });
}

function entryText({ time, principal, peer, method, resources, result, reason }: AuditEntry): string {
  const call = method.replace('nsgate.v1.', '');
  const names = resources.map(({ name }) => name).join(',');
  const why = reason === '' ? '' : `: ${reason}`;
  return `${time?.toISOString() ?? ''} ${principal} from ${peer} ${call} ${names} ${result}${why}`;
}
