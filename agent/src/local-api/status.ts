/** How the agent stands, as a value that can be printed and sent. */
import type { IdentityStatus } from '../identity/host-identity';
import { detailOf, inodeOf } from '../namespaces/namespace-entry';
import type { NamespaceStatus, Realization, Reality } from '../reconcile/reality';

export interface StreamStatus {
  /** HOST:PORT of the one that is connected to, or tried next. */
  controller: string;
  state: 'connecting' | 'syncing' | 'in sync' | 'away';
  /** Why there is no stream. */
  reason: string | undefined;
  /** The store's revision of the last in-sync mark, and when it came; for people. */
  revision: string | undefined;
  lastSync: string | undefined;
}

export interface AgentStatus {
  hostId: string;
  version: string;
  labels: Readonly<Record<string, string>>;
  controller: StreamStatus;
  identity: IdentityStatus;
  kernel: { obstacle: string | undefined; seen: string | undefined };
  state: { complete: boolean; policies: number; addressSets: number; storingFault: string | undefined };
  namespaces: NamespaceLine[];
}

export interface NamespaceLine {
  name: string;
  state: string;
  detail: string;
  inode: number | undefined;
  birth: string | undefined;
  digest: string | undefined;
  policies: { policy: string; state: string; reason: string | undefined }[];
}

export function namespaceLines({ namespaces, realizations }: Reality): NamespaceLine[] {
  const byName = new Map<string, Realization[]>();
  for (const realization of realizations.values()) {
    byName.set(realization.namespace, [...(byName.get(realization.namespace) ?? []), realization]);
  }
  return [...namespaces.values()].map((status) => namespaceLine(status, byName.get(status.entry.name) ?? []));
}

function namespaceLine(
  { entry, kernel }: NamespaceStatus,
  realizations: readonly Realization[],
): NamespaceLine {
  return {
    name: entry.name,
    state: entry.state,
    detail: detailOf(entry),
    inode: inodeOf(entry),
    birth: kernel?.birth.toString(),
    digest: kernel?.digest,
    policies: realizations.map(({ policy, standing }) => ({
      policy,
      state: standing.state,
      reason: standing.state === 'failed' ? standing.reason : undefined,
    })),
  };
}

/** What is wrong, a sentence each; empty when all is well. */
export function troubles({
  kernel,
  state,
  identity,
}: Pick<AgentStatus, 'kernel' | 'state' | 'identity'>): string[] {
  const all = [
    kernel.obstacle,
    identity.trouble,
    state.storingFault === undefined
      ? undefined
      : `the desired state cannot be stored: ${state.storingFault}`,
    state.complete ? undefined : 'not all that is wanted is known yet: nothing is changed in the kernel',
  ];
  return all.filter((one) => one !== undefined);
}
