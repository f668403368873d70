/** Where every policy stands on every host and namespace, in the order in which it is listed. */
import type { Realization } from '../model/host';
import { compareText } from '../model/resource-name';

export interface RealizationFilter {
  readonly policy?: string;
  readonly hostId?: string;
  readonly state?: Realization['status']['state'];
}

/** Of the last entry of the page before: policy, host id, namespace. */
export type RealizationKey = readonly [policy: string, hostId: string, namespace: string];

type ByNamespace = Map<string, Realization>;

export class RealizationTable {
  /** By policy, then host, then namespace. */
  readonly #policies = new Map<string, Map<string, ByNamespace>>();
  readonly #countByHost = new Map<string, number>();

  set(realization: Realization): void {
    const { policy, hostId, namespace } = realization;
    const hosts = this.#policies.get(policy) ?? new Map<string, ByNamespace>();
    this.#policies.set(policy, hosts);
    const namespaces: ByNamespace = hosts.get(hostId) ?? new Map<string, Realization>();
    hosts.set(hostId, namespaces);
    if (!namespaces.has(namespace)) this.#count(hostId, 1);
    namespaces.set(namespace, realization);
  }

  delete([policy, hostId, namespace]: RealizationKey): void {
    const hosts = this.#policies.get(policy);
    const namespaces = hosts?.get(hostId);
    if (namespaces?.delete(namespace) !== true) return;
    this.#count(hostId, -1);
    if (namespaces.size === 0) hosts?.delete(hostId);
    if (hosts?.size === 0) this.#policies.delete(policy);
  }

  /** Forgets what the host has reported for namespaces; what stands for a policy as a whole stays. */
  clearNamespaces(hostId: string): void {
    for (const [policy, hosts] of this.#policies) {
      for (const namespace of hosts.get(hostId)?.keys() ?? []) {
        if (namespace !== '') this.delete([policy, hostId, namespace]);
      }
    }
  }

  countOf(hostId: string): number {
    return this.#countByHost.get(hostId) ?? 0;
  }

  /** Entries behind `after`, in order of policy, host and namespace. Do not change the table while it is read. */
  *list({ policy, hostId, state }: RealizationFilter, after?: RealizationKey): Generator<Realization> {
    for (const name of keysFrom(this.#policies, { only: policy, from: after?.[0] })) {
      const hosts = this.#policies.get(name);
      const afterHost = name === after?.[0] ? after[1] : undefined;
      for (const id of keysFrom(hosts, { only: hostId, from: afterHost })) {
        const namespaces = hosts?.get(id);
        const behind = id === afterHost ? after?.[2] : undefined;
        for (const namespace of keysFrom(namespaces, { from: behind })) {
          const found = namespaces?.get(namespace);
          const wanted = state === undefined || found?.status.state === state;
          if (found !== undefined && wanted && namespace !== behind) yield found;
        }
      }
    }
  }

  #count(hostId: string, change: 1 | -1): void {
    this.#countByHost.set(hostId, this.countOf(hostId) + change);
  }
}

/** The keys not before `from`, in order; `only` that one, where it is given. */
function keysFrom(
  map: ReadonlyMap<string, unknown> | undefined,
  { only, from }: { only?: string | undefined; from?: string | undefined },
): string[] {
  const keys = only === undefined ? [...(map?.keys() ?? [])] : map?.has(only) === true ? [only] : [];
  return keys.filter((key) => from === undefined || key >= from).sort(compareText);
}
