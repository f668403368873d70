/** From the model to the messages of the fleet service. */
import {
  RealizationState,
  Host as HostMessage,
  type Namespace as NamespaceMessage,
  type Realization as RealizationMessage,
} from '@nsgate/proto';
import { NAMESPACE_STATES } from '../compiler/wire-enums';
import type { Host, HostNamespace, Realization } from '../model/host';
import { hostName } from '../model/resource-name';

export function hostMessage({ id, labels, ...host }: Host): HostMessage {
  return HostMessage.fromPartial({
    ...host,
    name: hostName(id),
    labels: Object.fromEntries(labels),
    agentLabels: Object.fromEntries(labels),
  });
}

export function namespaceMessage(namespace: HostNamespace): NamespaceMessage {
  return { ...namespace, state: NAMESPACE_STATES.toWire(namespace.state) };
}

export function realizationMessage({ hostId, status, ...realization }: Realization): RealizationMessage {
  return {
    ...realization,
    host: hostName(hostId),
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
