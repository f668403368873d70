/** What the agent reports, as messages of bounded size. Pure. */
import {
  HostEventKind as WireEventKind,
  NamespaceState,
  RealizationState,
  type BindingStats,
  type ConnectRequest,
  type HostHealth,
  type Namespace,
  type Realization as WireRealization,
} from '@nsgate/proto';
import type { HostEvent, HostEventKind } from '../host-events/host-events';
import { Action, HOOKS } from '../kernel-device';
import { detailOf, inodeOf } from '../namespaces/namespace-entry';
import {
  sameNamespaceStatus,
  sameRealization,
  type NamespaceStatus,
  type Realization,
  type Standing,
} from '../reconcile/reality';
import type { BindingSample, StatsSample } from '../stats/stats-reader';
import { ACTIONS, WIRE_HOOKS } from './packet-message';

/** Entries, or rows of counters, in one message: some hundred kilobytes. */
const CHUNK = 1000;

/** Brings the peer from what it was `sent` to what is `now`; from nothing when `sent` is undefined. */
export function realizationReports(
  sent: ReadonlyMap<string, Realization> | undefined,
  now: ReadonlyMap<string, Realization>,
): ConnectRequest[] {
  const changed = [...now].filter(([key, value]) => !sameRealization(sent?.get(key), value));
  const gone = [...(sent ?? [])].filter(([key]) => !now.has(key));
  const entries = [
    ...changed.map(([, realization]) => wireRealization(realization)),
    ...gone.map(([, realization]) => absent(realization)),
  ];
  return chunks(entries, sent === undefined).map(({ part, isFirst }) => ({
    message: { $case: 'realizations', value: { snapshot: isFirst, realizations: part } },
  }));
}

/** As realizationReports. */
export function namespaceReports(
  sent: ReadonlyMap<string, NamespaceStatus> | undefined,
  now: ReadonlyMap<string, NamespaceStatus>,
): ConnectRequest[] {
  const changed = [...now].filter(([name, status]) => !sameNamespaceStatus(sent?.get(name), status));
  const removed = [...(sent?.keys() ?? [])].filter((name) => !now.has(name));
  const present = changed.map(([, status]) => wireNamespace(status));
  const removals = chunks(removed, false).map(({ part }): ConnectRequest => ({
    message: { $case: 'namespaces', value: { snapshot: false, namespaces: [], removed: part } },
  }));
  const additions = chunks(present, sent === undefined).map(({ part, isFirst }): ConnectRequest => ({
    message: { $case: 'namespaces', value: { snapshot: isFirst, namespaces: part, removed: [] } },
  }));
  return [...additions, ...removals];
}

/** `whole`: the first of a stream. `health` goes with the first message; there is one for it alone when nothing has changed. */
export function statsReports(
  samples: readonly BindingSample[],
  { whole, health }: { whole: boolean; health: HostHealth | undefined },
): ConnectRequest[] {
  const bindings = samples.flatMap(wireBindings);
  const messages: ConnectRequest[] = [];
  for (let rest = bindings; rest.length > 0 || (messages.length === 0 && health !== undefined);) {
    let rows = 0;
    const end = rest.findIndex(({ ruleKeys, hooks }) => (rows += ruleKeys.length + hooks.length) > CHUNK);
    const count = end === -1 ? rest.length : Math.max(end, 1);
    const value = {
      bindings: rest.slice(0, count),
      whole,
      health: messages.length === 0 ? health : undefined,
    };
    messages.push({ message: { $case: 'stats', value } });
    rest = rest.slice(count);
  }
  return messages;
}

/** How agent and module are. */
export function wireHealth({ kernel, lostBindings }: Omit<StatsSample, 'bindings'>): HostHealth {
  const seconds = process.uptime();
  return {
    moduleLoaded: kernel !== undefined,
    moduleMemoryBytes: kernel?.memory ?? 0n,
    rulesets: kernel?.rulesets ?? 0,
    bindings: kernel?.bindings ?? 0,
    addressSets: kernel?.sets ?? 0,
    kernelNamespaces: kernel?.namespaces ?? 0,
    quarantined: kernel?.quarantined ?? 0,
    lostBindings,
    agentMemoryBytes: BigInt(process.memoryUsage.rss()),
    agentUptime: { seconds: BigInt(Math.floor(seconds)), nanos: Math.floor((seconds % 1) * 1e9) },
  };
}

/** Rules in parts; hooks go with the first. */
function wireBindings({ namespace, epoch, rules, hooks }: BindingSample): BindingStats[] {
  const parts = chunks(rules, false, CHUNK - HOOKS);
  return (parts.length === 0 ? [{ part: [] }] : parts).map(({ part }, index): BindingStats => {
    const seen = index === 0 ? hooks : [];
    return {
      namespace,
      epoch,
      ruleKeys: part.map(({ id }) => id),
      packets: part.map(({ packets }) => packets),
      bytes: part.map(({ bytes }) => bytes),
      shadowPackets: part.map(({ shadowPackets }) => shadowPackets),
      idleMs: part.map(({ idleMs }) => idleMs),
      hooks: seen.map(({ hook }) => WIRE_HOOKS[hook]),
      accepted: seen.map(({ totals }) => totals.accepted),
      dropped: seen.map(({ totals }) => totals.dropped),
      rejected: seen.map(({ totals }) => totals.rejected),
      shadowDropped: seen.map(({ totals }) => totals.shadow),
      malformed: seen.map(({ totals }) => totals.malformed),
      defaulted: seen.map(({ totals }) => totals.defaulted),
      // The kernel accepts where nobody says what to do.
      defaultVerdicts: seen.map(({ byDefault }) => ACTIONS[byDefault?.verdict ?? Action.ACCEPT]),
      defaultPolicies: seen.map(({ byDefault }) => byDefault?.policy ?? ''),
    };
  });
}

export function eventReports({
  events,
  lost,
}: {
  events: readonly HostEvent[];
  lost: number;
}): ConnectRequest[] {
  const wire = events.map(({ time, kind, namespace = '', detail }) => ({
    time,
    kind: EVENT_KINDS[kind],
    namespace,
    detail,
  }));
  const parts = chunks(wire, lost > 0);
  return parts.map(({ part }, index) => ({
    message: { $case: 'events', value: { events: part, lost: index === 0 ? BigInt(lost) : 0n } },
  }));
}

/** In a snapshot the first part says so, and there is one even when there is nothing to tell. */
function chunks<T>(entries: T[], snapshot: boolean, size = CHUNK): { part: T[]; isFirst: boolean }[] {
  const parts: { part: T[]; isFirst: boolean }[] = [];
  for (let at = 0; at < entries.length; at += size) {
    parts.push({ part: entries.slice(at, at + size), isFirst: snapshot && at === 0 });
  }
  return parts.length === 0 && snapshot ? [{ part: [], isFirst: true }] : parts;
}

function wireRealization({ policy, namespace, revision, standing }: Realization): WireRealization {
  return {
    policy,
    host: '',
    namespace,
    state: REALIZATION_STATES[standing.state],
    rulesetDigest: standing.state === 'enforced' ? standing.digest : '',
    reason: standing.state === 'failed' ? standing.reason : '',
    policyRevision: revision,
  };
}

function absent({ policy, namespace, revision }: Realization): WireRealization {
  return {
    policy,
    host: '',
    namespace,
    state: RealizationState.REALIZATION_STATE_ABSENT,
    rulesetDigest: '',
    reason: '',
    policyRevision: revision,
  };
}

function wireNamespace({ entry, kernel }: NamespaceStatus): Namespace {
  return {
    name: entry.name,
    inode: inodeOf(entry) ?? 0,
    birthId: kernel?.birth ?? 0n,
    netCookie: kernel?.cookie ?? 0n,
    state: NAMESPACE_STATES[entry.state],
    rulesetDigest: kernel?.digest ?? '',
    detail: detailOf(entry),
    initial: entry.state === 'guarded' || 'initial' in entry,
  };
}

const REALIZATION_STATES: Record<Standing['state'], RealizationState> = {
  pending: RealizationState.REALIZATION_STATE_PENDING,
  enforced: RealizationState.REALIZATION_STATE_ENFORCED,
  failed: RealizationState.REALIZATION_STATE_FAILED,
};

const NAMESPACE_STATES: Record<NamespaceStatus['entry']['state'], NamespaceState> = {
  ready: NamespaceState.NAMESPACE_STATE_READY,
  placeholder: NamespaceState.NAMESPACE_STATE_PLACEHOLDER,
  alias: NamespaceState.NAMESPACE_STATE_ALIAS,
  stray: NamespaceState.NAMESPACE_STATE_STRAY,
  guarded: NamespaceState.NAMESPACE_STATE_GUARDED,
  shadowed: NamespaceState.NAMESPACE_STATE_SHADOWED,
  quarantined: NamespaceState.NAMESPACE_STATE_QUARANTINED,
  lingering: NamespaceState.NAMESPACE_STATE_LINGERING,
};

const EVENT_KINDS: Record<HostEventKind, WireEventKind> = {
  'drift-repaired': WireEventKind.HOST_EVENT_KIND_DRIFT_REPAIRED,
  'module-reloaded': WireEventKind.HOST_EVENT_KIND_MODULE_RELOADED,
  'module-unusable': WireEventKind.HOST_EVENT_KIND_MODULE_UNUSABLE,
  'state-file': WireEventKind.HOST_EVENT_KIND_STATE_FILE,
  'quarantine-released': WireEventKind.HOST_EVENT_KIND_QUARANTINE_RELEASED,
};
