/** Every host that ever connected: what it is, how far it is, and where policies stand on it. In memory. */
import type { Host, HostDescription, HostNamespace, Realization } from '../model/host';
import { sameLabels } from '../model/label';
import { compareText } from '../model/resource-name';
import type { HostRecords } from './host-records';
import { RealizationTable, type RealizationFilter, type RealizationKey } from './realization-table';

/** A policy version that an agent has refused: not sent again until something changes. */
export interface Refusal {
  /** Of the policy that was refused; undefined: its removal was. */
  readonly digest: string | undefined;
  readonly policyRevision: bigint;
  readonly reason: string;
}

/** How far a host is: level with the store, or holding everything only up to a revision. */
export type Progress = { readonly kind: 'level' } | { readonly kind: 'behind'; readonly revision: bigint };

export interface Report<Entry, Key> {
  /** Whether this is everything: what was reported before is forgotten. */
  readonly snapshot: boolean;
  readonly put: readonly Entry[];
  readonly removed: readonly Key[];
}

/** Realizations without the host, which the stream names. */
export type ReportedRealization = Omit<Realization, 'hostId'>;

interface Entry {
  description: HostDescription;
  connected: boolean;
  stateChangeTime: Date;
  progress: Progress;
  namespaces: Map<string, HostNamespace>;
  refusals: Map<string, Refusal>;
}

export class HostRegistry {
  readonly #hosts = new Map<string, Entry>();
  readonly #realizations = new RealizationTable();
  #desiredRevision = 0n;

  constructor(
    private readonly records: HostRecords,
    private readonly now: () => Date = () => new Date(),
  ) {
    for (const { stateChangeTime, acknowledgedRevision, ...description } of records.load()) {
      const progress: Progress = { kind: 'behind', revision: acknowledgedRevision };
      this.#hosts.set(description.id, newEntry({ description, stateChangeTime, progress }));
    }
  }

  /** The store's revision that every host is to reach. */
  setDesiredRevision(revision: bigint): void {
    this.#desiredRevision = revision;
  }

  /**
   * An agent's stream has opened. What the host refused before is forgotten when anything about the host is different now:
   * it may take it. Tells whether the host has booted since it was last seen.
   */
  connect(description: HostDescription): { rebooted: boolean } {
    const progress: Progress = { kind: 'behind', revision: 0n };
    const known = this.#hosts.get(description.id);
    const entry = known ?? newEntry({ description, stateChangeTime: this.now(), progress });
    this.#hosts.set(description.id, entry);
    const rebooted = known !== undefined && known.description.bootId !== description.bootId;
    if (!sameHost(entry.description, description)) this.#forgetRefusals(entry);
    Object.assign(entry, { description, connected: true, stateChangeTime: this.now() });
    this.#save(entry);
    return { rebooted };
  }

  disconnect(hostId: string): void {
    const entry = this.#entry(hostId);
    entry.progress = { kind: 'behind', revision: this.#acknowledged(entry) };
    Object.assign(entry, { connected: false, stateChangeTime: this.now() });
    this.#save(entry);
  }

  /** Level, or behind: then not above what was acknowledged before. */
  setProgress(hostId: string, progress: Progress): void {
    this.#entry(hostId).progress = progress;
  }

  acknowledgedRevision(hostId: string): bigint {
    return this.#acknowledged(this.#entry(hostId));
  }

  refusals(hostId: string): ReadonlyMap<string, Refusal> {
    return this.#entry(hostId).refusals;
  }

  /** An agent has refused a policy as a whole: shown as FAILED, without a namespace. */
  refuse(hostId: string, policy: string, refusal: Refusal): void {
    this.#entry(hostId).refusals.set(policy, refusal);
    const { reason, policyRevision } = refusal;
    this.#realizations.set({
      policy,
      hostId,
      namespace: '',
      policyRevision,
      status: { state: 'failed', reason },
    });
  }

  /** What was refused is no longer wanted, or has been taken since. */
  clearRefusal(hostId: string, policy: string): void {
    this.#entry(hostId).refusals.delete(policy);
    this.#realizations.delete([policy, hostId, '']);
  }

  /** Tells how many namespaces the host then has. */
  reportNamespaces(hostId: string, report: Report<HostNamespace, string>): number {
    const { namespaces } = this.#entry(hostId);
    if (report.snapshot) namespaces.clear();
    for (const name of report.removed) namespaces.delete(name);
    for (const namespace of report.put) namespaces.set(namespace.name, namespace);
    return namespaces.size;
  }

  /** Tells how many realizations the host then has. */
  reportRealizations(
    hostId: string,
    report: Report<ReportedRealization, { policy: string; namespace: string }>,
  ): number {
    if (report.snapshot) this.#realizations.clearNamespaces(hostId);
    for (const { policy, namespace } of report.removed)
      this.#realizations.delete([policy, hostId, namespace]);
    for (const realization of report.put) this.#realizations.set({ ...realization, hostId });
    return this.#realizations.countOf(hostId);
  }

  get(hostId: string): Host | undefined {
    const entry = this.#hosts.get(hostId);
    return entry && this.#host(entry);
  }

  /** At most `limit` hosts whose ids come after `after`, in order of id. */
  list({ after, limit }: { after: string; limit: number }): Host[] {
    const ids = [...this.#hosts.keys()].filter((id) => id > after).sort(compareText);
    return ids.slice(0, limit).map((id) => this.#host(this.#entry(id)));
  }

  /** As `list`; undefined when the host is not known. */
  namespaces(
    hostId: string,
    { after, limit }: { after: string; limit: number },
  ): HostNamespace[] | undefined {
    const namespaces = [...(this.#hosts.get(hostId)?.namespaces.values() ?? [])];
    if (!this.#hosts.has(hostId)) return undefined;
    const behind = namespaces.filter(({ name }) => name > after);
    return behind.sort((a, b) => compareText(a.name, b.name)).slice(0, limit);
  }

  /** At most `limit` realizations behind `after`, in order of policy, host and namespace. */
  realizations(
    filter: RealizationFilter,
    { after, limit }: { after: RealizationKey | undefined; limit: number },
  ): Realization[] {
    const found: Realization[] = [];
    for (const realization of this.#realizations.list(filter, after)) {
      if (found.length === limit) break;
      found.push(realization);
    }
    return found;
  }

  #entry(hostId: string): Entry {
    const entry = this.#hosts.get(hostId);
    if (entry === undefined) throw new Error(`host ${hostId} has never connected`);
    return entry;
  }

  #forgetRefusals(entry: Entry): void {
    for (const policy of entry.refusals.keys()) this.clearRefusal(entry.description.id, policy);
  }

  #acknowledged({ progress }: Entry): bigint {
    return progress.kind === 'level' ? this.#desiredRevision : progress.revision;
  }

  #save(entry: Entry): void {
    const { description, stateChangeTime } = entry;
    this.records.save({ ...description, stateChangeTime, acknowledgedRevision: this.#acknowledged(entry) });
  }

  #host(entry: Entry): Host {
    return {
      ...entry.description,
      connected: entry.connected,
      stateChangeTime: entry.stateChangeTime,
      desiredRevision: this.#desiredRevision,
      acknowledgedRevision: this.#acknowledged(entry),
      namespaceCount: entry.namespaces.size,
    };
  }
}

function newEntry(known: Pick<Entry, 'description' | 'stateChangeTime' | 'progress'>): Entry {
  return { ...known, connected: false, namespaces: new Map(), refusals: new Map() };
}

function sameHost(a: HostDescription, b: HostDescription): boolean {
  return (
    a.agentVersion === b.agentVersion &&
    a.moduleVersion === b.moduleVersion &&
    a.kernelRelease === b.kernelRelease &&
    a.bootId === b.bootId &&
    sameLabels(a.labels, b.labels)
  );
}
