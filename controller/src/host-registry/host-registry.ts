/** Every host that ever connected: what it is, how far it is, and where policies stand on it. In memory. */
import type { Host, HostDescription, HostNamespace, Realization } from '../model/host';
import { sameLabels } from '../model/label';
import { compareText } from '../model/resource-name';
import { namespaceMatcher } from '../model/namespace-glob';
import type { Policy } from '../model/policy';
import { selectsHost, type HostSelector, type Labels } from '../model/selector';
import { HostEventLog } from './host-event-log';
import { HostHealthTable, type HostStanding } from './host-health-table';
import type { HostRecords } from './host-records';
import { PolicyReach } from './policy-reach';
import { RealizationTable, type RealizationFilter, type RealizationKey } from './realization-table';

/** A policy version that an agent has refused: not sent again until something changes. */
export interface Refusal {
  /** Of the policy that was refused; undefined: its removal was. */
  readonly version: string | undefined;
  readonly policyRevision: bigint;
  readonly reason: string;
  /** The cause may pass with the host and the policy as they are: forgotten when the host connects again. */
  readonly passing: boolean;
}

/** How a policy fares on all connected hosts together. */
export interface RealizationSummary {
  readonly policy: string;
  readonly revision: bigint;
  readonly hosts: number;
  readonly behind: number;
  readonly refusing: number;
  readonly absent: number;
  readonly enforced: number;
  readonly pending: number;
  readonly failed: number;
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
  operatorLabels: Labels;
  /** Of the agent, and over them those of operators. */
  labels: Labels;
  progress: Progress;
  enforcedRevision: bigint;
  namespaces: Map<string, HostNamespace>;
  refusals: Map<string, Refusal>;
}

export class HostRegistry {
  readonly #hosts = new Map<string, Entry>();
  readonly #realizations = new RealizationTable();
  readonly #chosenBy = new Map<string, (name: string) => boolean>();
  readonly #listeners = new Set<(hostId: string) => void>();
  /** How many hosts each policy reaches. */
  readonly reach = new PolicyReach();
  /** What agents tell of. */
  readonly events = new HostEventLog();
  readonly health = new HostHealthTable((hostId) => this.#changed(hostId));
  #desiredRevision = 0n;

  constructor(
    private readonly records: HostRecords,
    private readonly now: () => Date = () => new Date(),
  ) {
    for (const { stateChangeTime, acknowledgedRevision, operatorLabels, ...description } of records.load()) {
      const progress: Progress = { kind: 'behind', revision: acknowledgedRevision };
      const known = { description, stateChangeTime, progress, operatorLabels };
      this.#hosts.set(description.id, newEntry(known));
    }
  }

  /** The store's revision that every host is to reach. */
  setDesiredRevision(revision: bigint): void {
    this.#desiredRevision = revision;
  }

  /**
   * An agent's stream has opened. What the host refused before is forgotten when anything about the host is different now,
   * or when it was refused for a cause that passes: it may take it. Tells whether the host has booted since it was last seen.
   */
  connect(description: HostDescription): { rebooted: boolean; labels: Labels } {
    const progress: Progress = { kind: 'behind', revision: 0n };
    const known = this.#hosts.get(description.id);
    const operatorLabels = new Map<string, string>();
    const entry = known ?? newEntry({ description, stateChangeTime: this.now(), progress, operatorLabels });
    this.#hosts.set(description.id, entry);
    const rebooted = known !== undefined && known.description.bootId !== description.bootId;
    const isAnother = !sameHost(entry.description, description);
    this.#forgetRefusals(entry, ({ passing }) => passing || isAnother);
    Object.assign(entry, { description, connected: true, stateChangeTime: this.now() });
    entry.labels = mergedLabels(entry);
    this.health.expect(description.id);
    this.#realizations.setConnected(description.id, true);
    this.#save(entry);
    this.#changed(description.id);
    return { rebooted, labels: entry.labels };
  }

  disconnect(hostId: string): void {
    const entry = this.#entry(hostId);
    entry.progress = { kind: 'behind', revision: this.#acknowledged(entry) };
    entry.enforcedRevision = this.#enforced(entry);
    Object.assign(entry, { connected: false, stateChangeTime: this.now() });
    this.#realizations.setConnected(hostId, false);
    this.#save(entry);
    this.#changed(hostId);
  }

  /** Level, or behind: then not above what was acknowledged before. */
  setProgress(hostId: string, progress: Progress): void {
    const entry = this.#entry(hostId);
    entry.enforcedRevision = this.#enforced(entry);
    entry.progress = progress;
    this.#changed(hostId);
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
    this.forgetAnticipated(hostId, policy);
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
    this.#changed(hostId);
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
    const entry = this.#entry(hostId);
    entry.enforcedRevision = this.#enforced(entry);
    this.#changed(hostId);
    return this.#realizations.countOf(hostId);
  }

  /** Every host, as it stands, in no order: for sums over the fleet. */
  *standings(): Generator<HostStanding> {
    for (const [hostId, { connected, namespaces, progress }] of this.#hosts) {
      const [health, sinceCountersMs] = [this.health.get(hostId), this.health.sinceMs(hostId)];
      yield { hostId, connected, isLevel: progress.kind === 'level', health, namespaces, sinceCountersMs };
    }
  }

  get(hostId: string): Host | undefined {
    const entry = this.#hosts.get(hostId);
    return entry && this.#host(entry);
  }

  /** At most `limit` hosts whose ids come after `after`, in order of id. */
  list({ after, limit, selector }: { after: string; limit: number; selector?: HostSelector }): Host[] {
    const chosen = (id: string): boolean =>
      selector === undefined || selectsHost(selector, this.#entry(id).labels);
    const ids = [...this.#hosts.keys()].filter((id) => id > after && chosen(id)).sort(compareText);
    return ids.slice(0, limit).map((id) => this.#host(this.#entry(id)));
  }

  /** What policies choose the host by. */
  labels(hostId: string): Labels | undefined {
    return this.#hosts.get(hostId)?.labels;
  }

  setOperatorLabels(hostId: string, labels: Labels): void {
    const entry = this.#entry(hostId);
    entry.operatorLabels = labels;
    entry.labels = mergedLabels(entry);
    this.#forgetRefusals(entry, () => true);
    this.#save(entry);
    this.#changed(hostId);
  }

  /** Forgets a host that is not connected. */
  remove(hostId: string): void {
    this.#realizations.forget(hostId);
    this.#hosts.delete(hostId);
    this.records.remove(hostId);
    this.events.forget(hostId);
    this.health.forget(hostId);
    this.#changed(hostId);
  }

  /** Told of each host that changes, and of each that is forgotten. Gives what ends it. */
  listen(listener: (hostId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A policy as it is wanted; undefined: it is gone. */
  setWanted(name: string, policy: Pick<Policy, 'revision' | 'namespaces'> | undefined): void {
    this.#realizations.setWanted(name, policy?.revision);
    if (policy === undefined) this.#chosenBy.delete(name);
    else this.#chosenBy.set(name, namespaceMatcher(policy.namespaces));
  }

  /** The host is about to be told of the policy: in each namespace that it chooses, that is pending until the agent says more. */
  anticipate(hostId: string, policy: string): void {
    const chooses = this.#chosenBy.get(policy);
    if (chooses === undefined) return;
    for (const { name, state } of this.#entry(hostId).namespaces.values()) {
      if (state !== 'ready' || !chooses(name) || this.#realizations.get([policy, hostId, name])) continue;
      const status = { state: 'pending' } as const;
      const policyRevision = this.#realizations.wanted(policy);
      this.#realizations.set({ policy, hostId, namespace: name, status, policyRevision, anticipated: true });
    }
  }

  /** Nothing will come of it. */
  forgetAnticipated(hostId: string, policy: string): void {
    this.#realizations.deleteAnticipated(policy, hostId);
  }

  /** How a policy fares on all connected hosts, and of which revision that speaks. Costs the same however many there are. */
  summary(policy: string): RealizationSummary {
    const { hosts, behind } = this.reach.get(policy);
    const { enforced, pending, failed, refusing, hosts: acting } = this.#realizations.tally(policy);
    const absent = Math.max(0, hosts - behind - acting);
    return {
      policy,
      revision: this.#realizations.wanted(policy),
      hosts,
      behind,
      refusing,
      absent,
      enforced,
      pending,
      failed,
    };
  }

  /** Initial namespaces that may be bound, of all hosts. */
  *initialNamespaces(): Generator<{ hostId: string; labels: Labels; name: string }> {
    for (const [hostId, { labels, namespaces }] of this.#hosts) {
      for (const { name, initial, state } of namespaces.values()) {
        if (initial && state === 'ready') yield { hostId, labels, name };
      }
    }
  }

  /** Names of the namespaces that can be bound, host by host, in order. */
  *readyNamespaces(): Generator<{ hostId: string; labels: Labels; names: string[] }> {
    for (const hostId of [...this.#hosts.keys()].sort(compareText)) {
      const { labels, namespaces } = this.#entry(hostId);
      const ready = [...namespaces.values()].filter(({ state }) => state === 'ready');
      yield { hostId, labels, names: ready.map(({ name }) => name).sort(compareText) };
    }
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

  #forgetRefusals(entry: Entry, isOver: (refusal: Refusal) => boolean): void {
    for (const [policy, refusal] of entry.refusals)
      if (isOver(refusal)) this.clearRefusal(entry.description.id, policy);
  }

  #acknowledged({ progress }: Entry): bigint {
    return progress.kind === 'level' ? this.#desiredRevision : progress.revision;
  }

  #enforced(entry: Entry): bigint {
    const settled = entry.connected && this.#realizations.isSettled(entry.description.id);
    return settled ? this.#acknowledged(entry) : entry.enforcedRevision;
  }

  #changed(hostId: string): void {
    for (const listener of this.#listeners) listener(hostId);
  }

  #save(entry: Entry): void {
    const { description, stateChangeTime, operatorLabels } = entry;
    const acknowledgedRevision = this.#acknowledged(entry);
    this.records.save({ ...description, stateChangeTime, operatorLabels, acknowledgedRevision });
  }

  #host(entry: Entry): Host {
    return {
      ...entry.description,
      labels: entry.labels,
      agentLabels: entry.description.labels,
      operatorLabels: entry.operatorLabels,
      enforcedRevision: this.#enforced(entry),
      health: this.health.get(entry.description.id),
      connected: entry.connected,
      stateChangeTime: entry.stateChangeTime,
      desiredRevision: this.#desiredRevision,
      acknowledgedRevision: this.#acknowledged(entry),
      namespaceCount: entry.namespaces.size,
    };
  }
}

function newEntry(
  known: Pick<Entry, 'description' | 'stateChangeTime' | 'progress' | 'operatorLabels'>,
): Entry {
  const nothing = { connected: false, enforcedRevision: 0n, namespaces: new Map(), refusals: new Map() };
  return { ...known, ...nothing, labels: mergedLabels(known) };
}

function mergedLabels({
  description,
  operatorLabels,
}: Pick<Entry, 'description' | 'operatorLabels'>): Labels {
  return new Map([...description.labels, ...operatorLabels]);
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
