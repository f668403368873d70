/**
 * Where every policy stands on every host and namespace: in the order in which it is listed, and added up for each policy, and for
 * each host, as it changes, so that a sum costs nothing to read. Sums count connected hosts only.
 *
 * What stands at another revision of the policy than is wanted is pending, whatever was reported of it.
 */
import type { Realization } from '../model/host';
import { compareText } from '../model/resource-name';

export interface RealizationFilter {
  readonly policy?: string;
  readonly hostId?: string;
  readonly state?: Realization['status']['state'];
}

/** Of the last entry of the page before: policy, host id, namespace. */
export type RealizationKey = readonly [policy: string, hostId: string, namespace: string];

/** Sums over one policy. */
export interface Tally {
  readonly enforced: number;
  readonly pending: number;
  readonly failed: number;
  /** Hosts that have refused the policy as a whole. */
  readonly refusing: number;
  /** Hosts that report a namespace in which it acts. */
  readonly hosts: number;
}

type ByNamespace = Map<string, Realization>;

interface PolicyEntry {
  readonly hosts: Map<string, ByNamespace>;
  wanted: bigint;
  tally: Tally;
}

const NOTHING: Tally = { enforced: 0, pending: 0, failed: 0, refusing: 0, hosts: 0 };

export class RealizationTable {
  readonly #policies = new Map<string, PolicyEntry>();
  readonly #countByHost = new Map<string, number>();
  /** Policies that a host has entries of. */
  readonly #policiesByHost = new Map<string, Set<string>>();
  /** Entries of a host that are not enforced as wanted. */
  readonly #unsettledByHost = new Map<string, number>();
  readonly #connected = new Set<string>();

  set(realization: Realization): void {
    const { policy, hostId, namespace } = realization;
    const entry = this.#entry(policy);
    const namespaces: ByNamespace = entry.hosts.get(hostId) ?? new Map<string, Realization>();
    this.#recount(entry, hostId, () => {
      entry.hosts.set(hostId, namespaces);
      if (!namespaces.has(namespace)) this.#count(hostId, 1);
      namespaces.set(namespace, realization);
    });
    const policies = this.#policiesByHost.get(hostId) ?? new Set();
    this.#policiesByHost.set(hostId, policies.add(policy));
  }

  get([policy, hostId, namespace]: RealizationKey): Realization | undefined {
    return this.#policies.get(policy)?.hosts.get(hostId)?.get(namespace);
  }

  delete([policy, hostId, namespace]: RealizationKey): void {
    const entry = this.#policies.get(policy);
    const namespaces = entry?.hosts.get(hostId);
    if (entry === undefined || namespaces?.has(namespace) !== true) return;
    this.#recount(entry, hostId, () => {
      namespaces.delete(namespace);
      this.#count(hostId, -1);
      if (namespaces.size > 0) return;
      entry.hosts.delete(hostId);
      this.#policiesByHost.get(hostId)?.delete(policy);
    });
    this.#forgetIfEmpty(policy, entry);
  }

  /** The revision at which the policy is wanted; undefined: it is gone. */
  setWanted(policy: string, revision: bigint | undefined): void {
    const entry = this.#entry(policy);
    for (const hostId of entry.hosts.keys()) this.#add(entry, hostId, -1);
    entry.wanted = revision ?? 0n;
    for (const hostId of entry.hosts.keys()) this.#add(entry, hostId, 1);
    this.#forgetIfEmpty(policy, entry);
  }

  wanted(policy: string): bigint {
    return this.#policies.get(policy)?.wanted ?? 0n;
  }

  /** Whether the entries of a host count. */
  setConnected(hostId: string, connected: boolean): void {
    if (this.#connected.has(hostId) === connected) return;
    const entries = [...(this.#policiesByHost.get(hostId) ?? [])].map((policy) => this.#entry(policy));
    if (!connected) for (const entry of entries) this.#add(entry, hostId, -1);
    if (connected) this.#connected.add(hostId);
    else this.#connected.delete(hostId);
    if (connected) for (const entry of entries) this.#add(entry, hostId, 1);
  }

  tally(policy: string): Tally {
    return this.#policies.get(policy)?.tally ?? NOTHING;
  }

  /** Whether everything that the connected host reports is enforced as wanted. */
  isSettled(hostId: string): boolean {
    return (this.#unsettledByHost.get(hostId) ?? 0) === 0;
  }

  /** Forgets what the host has reported for namespaces; what stands for a policy as a whole stays. */
  clearNamespaces(hostId: string): void {
    for (const policy of [...(this.#policiesByHost.get(hostId) ?? [])]) {
      for (const namespace of [...(this.#policies.get(policy)?.hosts.get(hostId)?.keys() ?? [])]) {
        if (namespace !== '') this.delete([policy, hostId, namespace]);
      }
    }
  }

  countOf(hostId: string): number {
    return this.#countByHost.get(hostId) ?? 0;
  }

  /** Of one policy on one host. */
  namespacesOf(policy: string, hostId: string): Iterable<Realization> {
    return this.#policies.get(policy)?.hosts.get(hostId)?.values() ?? [];
  }

  /** Names of the policies that the host has entries of. */
  policiesOf(hostId: string): string[] {
    return [...(this.#policiesByHost.get(hostId) ?? [])];
  }

  /** Entries behind `after`, in order of policy, host and namespace. Do not change the table while it is read. */
  *list({ policy, hostId, state }: RealizationFilter, after?: RealizationKey): Generator<Realization> {
    for (const name of keysFrom(this.#policies, { only: policy, from: after?.[0] })) {
      const hosts = this.#policies.get(name)?.hosts;
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

  #entry(policy: string): PolicyEntry {
    const entry = this.#policies.get(policy) ?? {
      hosts: new Map<string, ByNamespace>(),
      wanted: 0n,
      tally: NOTHING,
    };
    this.#policies.set(policy, entry);
    return entry;
  }

  #forgetIfEmpty(policy: string, { hosts, wanted }: PolicyEntry): void {
    if (hosts.size === 0 && wanted === 0n) this.#policies.delete(policy);
  }

  /** Changes what the host has of the policy, and its sums with it. */
  #recount(entry: PolicyEntry, hostId: string, change: () => void): void {
    this.#add(entry, hostId, -1);
    change();
    this.#add(entry, hostId, 1);
  }

  #add(entry: PolicyEntry, hostId: string, sign: 1 | -1): void {
    if (!this.#connected.has(hostId)) return;
    const sums = { enforced: 0, pending: 0, failed: 0, refusing: 0 };
    let acts = false;
    for (const realization of entry.hosts.get(hostId)?.values() ?? []) {
      const standing = standingOf(realization, entry.wanted);
      sums[standing] += 1;
      acts ||= realization.namespace !== '';
    }
    const { enforced, pending, failed, refusing, hosts } = entry.tally;
    entry.tally = {
      enforced: enforced + sign * sums.enforced,
      pending: pending + sign * sums.pending,
      failed: failed + sign * (sums.failed + sums.refusing),
      refusing: refusing + sign * sums.refusing,
      hosts: hosts + sign * Number(acts),
    };
    const unsettled = sums.pending + sums.failed + sums.refusing;
    this.#unsettledByHost.set(hostId, (this.#unsettledByHost.get(hostId) ?? 0) + sign * unsettled);
  }

  #count(hostId: string, change: 1 | -1): void {
    this.#countByHost.set(hostId, this.countOf(hostId) + change);
  }
}

function standingOf(
  { status, policyRevision, namespace }: Realization,
  wanted: bigint,
): 'enforced' | 'pending' | 'failed' | 'refusing' {
  if (namespace === '') return 'refusing';
  if (policyRevision < wanted) return 'pending';
  return status.state;
}

/** The keys not before `from`, in order; `only` that one, where it is given. */
function keysFrom(
  map: ReadonlyMap<string, unknown> | undefined,
  { only, from }: { only?: string | undefined; from?: string | undefined },
): string[] {
  const keys = only === undefined ? [...(map?.keys() ?? [])] : map?.has(only) === true ? [only] : [];
  return keys.filter((key) => from === undefined || key >= from).sort(compareText);
}
