/** Errors about what stands, or does not stand, in the store. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { CutOff } from '../compiler/cut-off';
import { quote } from '../rpc/violations';

export function notFound(name: string): RpcError {
  return new RpcError(status.NOT_FOUND, `there is no ${name}`);
}

export function alreadyExists(name: string): RpcError {
  return new RpcError(status.ALREADY_EXISTS, `${name} exists already`);
}

export function contended(name: string): RpcError {
  return new RpcError(status.ABORTED, `${name} is being changed by others all the time: try again`);
}

/** ABORTED with the current etag when the given one is another; `current` is empty when nothing stands there. */
export function checkEtag(name: string, current: string, given: string): void {
  if (given === '' || given === current) return;
  const message =
    current === ''
      ? `${name} is gone: it cannot be at etag ${quote(given)}`
      : `${name} has changed: its etag is ${current}, not ${quote(given)}`;
  throw new RpcError(status.ABORTED, message, {
    reason: { reason: 'ETAG_MISMATCH', metadata: { resource: name, etag: current } },
  });
}

export function noSuchSet(policy: string, set: string): RpcError {
  return new RpcError(
    status.FAILED_PRECONDITION,
    `${policy} refers to ${set}, which is not there: make it first`,
    {
      reason: { reason: 'NO_SUCH_ADDRESS_SET', metadata: { policy, addressSet: set } },
    },
  );
}

/** A way that would be cut off on a host. */
export interface EndangeredHost {
  readonly hostName: string;
  readonly namespace: string;
  readonly cutOff: CutOff;
}

export function describeCutOff(policy: string, { hostName, namespace, cutOff }: EndangeredHost): string {
  const { way, hook, ruleId } = cutOff;
  const by = ruleId === undefined ? 'its default verdict' : `its rule ${ruleId}`;
  return `${policy} could cut off ${way} on ${hostName}: ${by} on ${hook.toUpperCase()} acts in ${quote(namespace)}, the host's own network`;
}

export function wouldCutOff(policy: string, endangered: EndangeredHost): RpcError {
  const { hostName, namespace, cutOff } = endangered;
  const message = `${describeCutOff(policy, endangered)} (say force to store it all the same)`;
  const metadata = { policy, host: hostName, namespace, hook: cutOff.hook, rule: cutOff.ruleId ?? '' };
  return new RpcError(status.FAILED_PRECONDITION, message, { reason: { reason: 'WOULD_CUT_OFF', metadata } });
}

/** A bound of the store was hit. */
export function tooMany(what: string): RpcError {
  return new RpcError(status.RESOURCE_EXHAUSTED, what, { reason: { reason: 'LIMIT', metadata: {} } });
}

/** A set that policies refer to cannot be removed. */
export function inUse(name: string, policies: readonly string[]): RpcError {
  const message = `${name} is referred to by ${policies.join(', ')}`;
  const reason = {
    reason: 'ADDRESS_SET_IN_USE',
    metadata: { addressSet: name, policies: policies.join(',') },
  };
  return new RpcError(status.FAILED_PRECONDITION, message, { reason });
}
