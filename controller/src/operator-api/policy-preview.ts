/** PreviewPolicy: where a policy would act, by what hosts report now. */
import type { PreviewedHost, PreviewPolicyResponse } from '@nsgate/proto';
import type { HostRegistry } from '../host-registry/host-registry';
import { namespaceMatcher } from '../model/namespace-glob';
import type { Policy, PolicySpec } from '../model/policy';
import { hostName } from '../model/resource-name';
import { selectsHost, type Labels } from '../model/selector';
import type { Failsafe } from './failsafe';
import { diffPolicies } from './policy-diff';
import { describeCutOff } from './resource-errors';

const MAX_HOSTS = 1000;

/** Whether a policy acts in a namespace of a host. */
type Reach = (labels: Labels, namespace: string) => boolean;

export function previewPolicy(
  { registry, failsafe }: { registry: HostRegistry; failsafe: Failsafe },
  spec: PolicySpec,
  current: Policy | undefined,
): PreviewPolicyResponse {
  const [after, before] = [reachOf(spec), current === undefined ? (): boolean => false : reachOf(current)];
  const reached: PreviewedHost[] = [];
  for (const { hostId, labels, names } of registry.readyNamespaces()) {
    const host = previewHost({ hostId, labels, names }, before, after);
    if (host.namespaces.length + host.removed.length > 0) reached.push(host);
  }
  const endangered = failsafe.find(spec);
  return {
    hosts: reached.slice(0, MAX_HOSTS),
    hostCount: reached.filter(({ namespaces }) => namespaces.length > 0).length,
    namespaceCount: reached.reduce((sum, { namespaces }) => sum + namespaces.length, 0),
    changes: current === undefined ? [] : diffPolicies(current, spec),
    isNew: current === undefined,
    cutOff: endangered === undefined ? '' : describeCutOff(spec.name, endangered),
  };
}

function previewHost(
  { hostId, labels, names }: { hostId: string; labels: Labels; names: readonly string[] },
  before: Reach,
  after: Reach,
): PreviewedHost {
  const namespaces = names.filter((name) => after(labels, name));
  return {
    host: hostName(hostId),
    namespaces,
    added: namespaces.filter((name) => !before(labels, name)),
    removed: names.filter((name) => before(labels, name) && !after(labels, name)),
  };
}

function reachOf({ hostSelector, namespaces }: PolicySpec): Reach {
  const chooses = namespaceMatcher(namespaces);
  return (labels, name) => selectsHost(hostSelector, labels) && chooses(name);
}
