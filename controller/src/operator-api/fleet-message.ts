/** From the model to the messages of the fleet service. */
import { createHash } from 'node:crypto';
import {
  RealizationState,
  type Host as HostMessage,
  type HostHealth as HealthMessage,
  type Namespace as NamespaceMessage,
  type Realization as RealizationMessage,
} from '@nsgate/proto';
import { NAMESPACE_STATES } from '../compiler/wire-enums';
import type { Host, HostHealth, HostNamespace, Realization } from '../model/host';
import { hostName } from '../model/resource-name';

export function hostMessage(host: Host): HostMessage {
  const { id, labels, agentLabels, operatorLabels, ...told } = host;
  return {
    ...told,
    name: hostName(id),
    labels: Object.fromEntries(labels),
    agentLabels: Object.fromEntries(agentLabels),
    operatorLabels: Object.fromEntries(operatorLabels),
    etag: labelsEtag(host),
    health: host.health && healthMessage(host.health),
  };
}

function healthMessage({ agentUptimeMs, ...health }: HostHealth): HealthMessage {
  const seconds = BigInt(Math.floor(agentUptimeMs / 1000));
  return { ...health, agentUptime: { seconds, nanos: Math.floor(agentUptimeMs % 1000) * 1_000_000 } };
}

/** Opaque to clients: another for other labels of operators. */
export function labelsEtag({ id, operatorLabels }: Pick<Host, 'id' | 'operatorLabels'>): string {
  const content = JSON.stringify([id, ...[...operatorLabels].sort()]);
  return createHash('sha256').update(content).digest('base64url').slice(0, 16);
}

export function namespaceMessage(namespace: HostNamespace): NamespaceMessage {
  return { ...namespace, state: NAMESPACE_STATES.toWire(namespace.state) };
}

export function realizationMessage(realization: Realization): RealizationMessage {
  const { policy, hostId, namespace, status, policyRevision } = realization;
  return {
    policy,
    host: hostName(hostId),
    namespace,
    policyRevision,
    state: REALIZATION_STATES[status.state],
    rulesetDigest: status.state === 'enforced' ? status.rulesetDigest : '',
    reason: status.state === 'failed' ? status.reason : '',
  };
}

export const REALIZATION_STATES: Readonly<Record<Realization['status']['state'], RealizationState>> = {
  pending: RealizationState.REALIZATION_STATE_PENDING,
  enforced: RealizationState.REALIZATION_STATE_ENFORCED,
  failed: RealizationState.REALIZATION_STATE_FAILED,
};
