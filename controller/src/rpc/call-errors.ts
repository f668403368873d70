/** The one place where what was thrown becomes what a caller is told. */
import { randomBytes } from 'node:crypto';
import { status, type ServiceError } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../policy-store/policy-store';

/** In the form in which grpc-js sends it; see toRpcError. */
export function toServiceError(error: unknown, method: string, logger: Logger): ServiceError {
  return toRpcError(error, method, logger).toServiceError();
}

/** An RpcError as it is; anything unknown is logged under an incident id, and the caller is told no more than that. */
export function toRpcError(error: unknown, method: string, logger: Logger): RpcError {
  if (error instanceof RpcError) return error;
  const incident = randomBytes(6).toString('hex');
  logger.error({ err: error, method, incident }, 'call failed');
  if (error instanceof StoreUnavailable) {
    const message = `the policy store is not available (incident ${incident} in the controller's log)`;
    return new RpcError(status.UNAVAILABLE, message);
  }
  return new RpcError(status.INTERNAL, `internal error (incident ${incident} in the controller's log)`);
}
