/** The message with which an agent's stream opens. */
import { status } from '@grpc/grpc-js';
import { RpcError, type Hello } from '@nsgate/proto';
import type { HostDescription } from '../model/host';
import { HOST_ID_FORM, isHostId } from '../model/resource-name';
import type { Caller } from '../rpc/caller';
import { parseLabels } from '../rpc/label-parser';
import { quote, Violations } from '../rpc/violations';
import { setVersion } from './set-item';
import { policyVersion } from './stream-messages';

const MAX_VERSION = 256;

export interface Greeting {
  readonly description: HostDescription;
  /** Versions of the policies and address sets that the host holds, by name. */
  readonly held: ReadonlyMap<string, string>;
}

/** INVALID_ARGUMENT for a malformed Hello, PERMISSION_DENIED when the caller's certificate names another host. */
export function parseHello(hello: Hello, caller: Caller): Greeting {
  // Before anything else that is wrong: that somebody claims to be another is to be on record.
  if (hello.hostId !== '' && caller.id !== hello.hostId) {
    throw new RpcError(
      status.PERMISSION_DENIED,
      `the certificate is that of host ${quote(caller.id)}, not of ${quote(hello.hostId)}`,
    );
  }
  const violations = new Violations();
  if (!isHostId(hello.hostId)) {
    violations.add('hello.host_id', `${quote(hello.hostId)} is not ${HOST_ID_FORM}`);
  }
  const labels = parseLabels(hello.labels, 'hello.labels', violations);
  const { agentVersion, moduleVersion, kernelRelease, bootId } = hello;
  const texts = {
    agent_version: agentVersion,
    module_version: moduleVersion,
    kernel_release: kernelRelease,
    boot_id: bootId,
  };
  for (const [field, text] of Object.entries(texts)) {
    if (text.length > MAX_VERSION)
      violations.add(`hello.${field}`, `is longer than ${MAX_VERSION} characters`);
  }
  violations.throwIfAny();
  return {
    description: { id: hello.hostId, labels, agentVersion, moduleVersion, kernelRelease, bootId },
    held: new Map([
      ...hello.held.map((policy) => [policy.name, policyVersion(policy)] as const),
      ...hello.heldSets.map((set) => [set.name, setVersion(set)] as const),
    ]),
  };
}
