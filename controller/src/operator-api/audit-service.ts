/** nsgate.v1.AuditService. */
import { status } from '@grpc/grpc-js';
import {
  AuditServiceService,
  RpcError,
  type WatchAuditRequest,
  type WatchAuditResponse,
} from '@nsgate/proto';
import type { AuditEntry } from '../audit/audit-entry';
import { AuditGap, followAudit, type AuditPosition } from '../audit/audit-follower';
import type { AuditLog } from '../audit/audit-log';
import { offerService, type CallContext, type OfferedService } from '../rpc/service';

/** Offers the audit log to administrators as it is written. */
export function auditService(log: AuditLog): OfferedService {
  return offerService(AuditServiceService, {
    watchAudit: (request, context) => watchAudit(log, request, context),
  });
}

async function* watchAudit(
  log: AuditLog,
  request: WatchAuditRequest,
  { signal }: CallContext,
): AsyncGenerator<WatchAuditResponse> {
  try {
    for await (const entry of followAudit(log, { after: positionOf(request, log), signal }))
      yield { entry: entryMessage(entry) };
  } catch (error) {
    if (error instanceof AuditGap) throw new RpcError(status.OUT_OF_RANGE, error.message, { cause: error });
    throw error;
  }
}

function positionOf({ afterSequence, afterHash }: WatchAuditRequest, log: AuditLog): AuditPosition {
  if (afterSequence === undefined && afterHash !== '') {
    throw RpcError.invalidArgument([
      { field: 'after_hash', description: 'is that of the entry after_sequence, which is not given' },
    ]);
  }
  if (afterSequence === undefined) return log.head;
  return { sequence: Number(afterSequence), ...(afterHash !== '' && { hash: afterHash }) };
}

function entryMessage(entry: AuditEntry): WatchAuditResponse['entry'] {
  const { sequence, time, resources, keptFrom = 0, ...rest } = entry;
  return {
    ...rest,
    sequence: BigInt(sequence),
    time: new Date(time),
    resources: [...resources],
    keptFrom: BigInt(keptFrom),
  };
}
