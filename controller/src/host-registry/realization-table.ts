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

type Standing = 'enforced' | 'pending' | 'failed' | 'refusing';

/** What one host has of one policy, and how many entries stand how. */
interface Share {
  readonly namespaces: Map<string, Realization>;
  readonly sums: Record<Standing, number>;
  /** Namespaces of which nothing was reported yet. */
  readonly anticipated: Set<string>;
  /** No entry is of a newer revision. */
  newest: bigint;
}

interface PolicyEntry {
  readonly hosts: Map<string, Share>;
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

  /** What is reported of a revision that is not wanted yet is taken for the one that is. */
  set(reported: Realization): void {
    const { policy, hostId, namespace } = reported;
    const entry = this.#entry(policy);
    const share = entry.hosts.get(hostId) ?? newShare();
    const known = share.namespaces.get(namespace);
    this.#recount(entry, hostId, () => {
      entry.hosts.set(hostId, share);
      if (known !== undefined) share.sums[standingOf(known, entry.wanted)] -= 1;
      place(share, reported, entry.wanted);
      if (reported.anticipated === true) share.anticipated.add(namespace);
      else share.anticipated.delete(namespace);
    });
    if (known === undefined) this.#count(hostId, 1);
    const policies = this.#policiesByHost.get(hostId) ?? new Set();
    this.#policiesByHost.set(hostId, policies.add(policy));
  }

  get([policy, hostId, namespace]: RealizationKey): Realization | undefined {
    return this.#share(policy, hostId)?.namespaces.get(namespace);
  }

  delete([policy, hostId, namespace]: RealizationKey): void {
    const entry = this.#policies.get(policy);
    const share = entry?.hosts.get(hostId);
    const known = share?.namespaces.get(namespace);
    if (entry === undefined || share === undefined || known === undefined) return;
    this.#recount(entry, hostId, () => {
      share.sums[standingOf(known, entry.wanted)] -= 1;
      share.namespaces.delete(namespace);
      share.anticipated.delete(namespace);
      if (share.namespaces.size === 0) entry.hosts.delete(hostId);
    });
    this.#count(hostId, -1);
    if (share.namespaces.size === 0) this.#policiesByHost.get(hostId)?.delete(policy);
    this.#forgetIfEmpty(policy, entry);
  }

  /**
   * The revision at which the policy is wanted; undefined: it is gone. Takes as long as there are hosts, however many their namespaces are:
   * what was there before a revision is pending.
   */
  setWanted(policy: string, revision: bigint | undefined): void {
    const entry = this.#entry(policy);
    for (const hostId of entry.hosts.keys()) this.#add(entry, hostId, -1);
    entry.wanted = revision ?? 0n;
    for (const share of entry.hosts.values()) restand(share, entry.wanted);
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

  /**
   * Forgets what the host has reported for namespaces; what stands for a policy as a whole stays. As long as the host has policies, however
   * many its namespaces are.
   */
  clearNamespaces(hostId: string): void {
    for (const policy of this.#policiesOf(hostId)) {
      const whole = this.get([policy, hostId, '']);
      this.#drop(policy, hostId);
      if (whole !== undefined) this.set(whole);
    }
  }

  /** Forgets the host with all that it has. */
  forget(hostId: string): void {
    for (const policy of this.#policiesOf(hostId)) this.#drop(policy, hostId);
    for (const byHost of [this.#policiesByHost, this.#countByHost, this.#unsettledByHost])
      byHost.delete(hostId);
    this.#connected.delete(hostId);
  }

  countOf(hostId: string): number {
    return this.#countByHost.get(hostId) ?? 0;
  }

  /** What was expected of the policy on the host and not reported. */
  deleteAnticipated(policy: string, hostId: string): void {
    for (const namespace of this.#share(policy, hostId)?.anticipated ?? [])
      this.delete([policy, hostId, namespace]);
  }

  /** Entries behind `after`, in order of policy, host and namespace. Do not change the table while it is read. */
  *list({ policy, hostId, state }: RealizationFilter, after?: RealizationKey): Generator<Realization> {
    for (const name of keysFrom(this.#policies, { only: policy, from: after?.[0] })) {
      const hosts = this.#policies.get(name)?.hosts;
      const afterHost = name === after?.[0] ? after[1] : undefined;
      for (const id of keysFrom(hosts, { only: hostId, from: afterHost })) {
        const namespaces = hosts?.get(id)?.namespaces;
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
      hosts: new Map<string, Share>(),
      wanted: 0n,
      tally: NOTHING,
    };
    this.#policies.set(policy, entry);
    return entry;
  }

  /** Names of the policies that the host has entries of. */
  #policiesOf(hostId: string): string[] {
    return [...(this.#policiesByHost.get(hostId) ?? [])];
  }

  #share(policy: string, hostId: string): Share | undefined {
    return this.#policies.get(policy)?.hosts.get(hostId);
  }

  /** All that the host has of the policy. */
  #drop(policy: string, hostId: string): void {
    const entry = this.#policies.get(policy);
    const share = entry?.hosts.get(hostId);
    if (entry === undefined || share === undefined) return;
    this.#recount(entry, hostId, () => entry.hosts.delete(hostId));
    this.#count(hostId, -share.namespaces.size);
    this.#policiesByHost.get(hostId)?.delete(policy);
    this.#forgetIfEmpty(policy, entry);
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
    const share = entry.hosts.get(hostId);
    if (share === undefined || !this.#connected.has(hostId)) return;
    const { enforced, pending, failed, refusing } = share.sums;
    const { tally } = entry;
    entry.tally = {
      enforced: tally.enforced + sign * enforced,
      pending: tally.pending + sign * pending,
      failed: tally.failed + sign * (failed + refusing),
      refusing: tally.refusing + sign * refusing,
      hosts: tally.hosts + sign * Number(enforced + pending + failed > 0),
    };
    const unsettled = pending + failed + refusing;
    this.#unsettledByHost.set(hostId, (this.#unsettledByHost.get(hostId) ?? 0) + sign * unsettled);
  }

  #count(hostId: string, change: number): void {
    this.#countByHost.set(hostId, this.countOf(hostId) + change);
  }
}

function newShare(): Share {
  const sums = { enforced: 0, pending: 0, failed: 0, refusing: 0 };
  return { namespaces: new Map(), sums, anticipated: new Set(), newest: 0n };
}

/** Another revision is wanted. */
function restand(share: Share, wanted: bigint): void {
  const { namespaces, sums } = share;
  const { size } = namespaces;
  if (share.newest < wanted) {
    const { refusing } = sums;
    Object.assign(sums, { enforced: 0, pending: size - refusing, failed: 0 });
    return;
  }
  Object.assign(sums, newShare().sums);
  share.newest = 0n;
  for (const reported of namespaces.values()) place(share, reported, wanted);
}

/** Puts it where nothing of its namespace is counted. */
function place(share: Share, reported: Realization, wanted: bigint): void {
  const realization = atMost(reported, wanted);
  share.namespaces.set(realization.namespace, realization);
  share.sums[standingOf(realization, wanted)] += 1;
  if (realization.policyRevision > share.newest) share.newest = realization.policyRevision;
}

/** `wanted`: 0 when none is. */
function atMost(realization: Realization, wanted: bigint): Realization {
  return wanted === 0n || realization.policyRevision <= wanted
    ? realization
    : { ...realization, policyRevision: wanted };
}

function standingOf({ status, policyRevision, namespace }: Realization, wanted: bigint): Standing {
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
