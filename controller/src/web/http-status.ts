/** Errors of the services as HTTP tells them. */
import { status } from '@grpc/grpc-js';
import type { RpcError } from '@nsgate/proto';

/** As google/rpc/code.proto maps them. */
const HTTP_STATUS: Readonly<Partial<Record<status, number>>> = {
  [status.CANCELLED]: 499,
  [status.INVALID_ARGUMENT]: 400,
  [status.FAILED_PRECONDITION]: 400,
  [status.OUT_OF_RANGE]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
  [status.ABORTED]: 409,
  [status.ALREADY_EXISTS]: 409,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.UNIMPLEMENTED]: 501,
  [status.UNAVAILABLE]: 503,
  [status.DEADLINE_EXCEEDED]: 504,
};

/** 500 for what stands in no other place. */
export function httpStatus(code: status): number {
  return HTTP_STATUS[code] ?? 500;
}

/** What a viewer is told of an error, the same in an answer and in an event. */
export function errorBody(error: RpcError): { error: Record<string, unknown> } {
  const { code, message, violations } = error;
  return { error: { code: status[code], message, violations } };
}
