/**
 * What agents report, from the wire to the model. An entry that makes no sense is left out and counted: it must not take
 * the host's stream, and with it its policies, down.
 */
import {
  RealizationState,
  type EventReport,
  type HostHealth as HealthMessage,
  type Namespace,
  type NamespaceReport,
  type Realization,
  type RealizationReport,
} from '@nsgate/proto';
import { HOST_EVENT_KINDS, NAMESPACE_STATES } from '../compiler/wire-enums';
import type { Report, ReportedRealization } from '../host-registry/host-registry';
import type { HostEvent, HostHealth, HostNamespace, RealizationStatus } from '../model/host';
import { isPolicyName } from '../model/resource-name';

/** What could be read, and how many entries could not. */
export interface Parsed<Value> {
  readonly value: Value;
  readonly malformed: number;
}

type RemovedRealization = Pick<ReportedRealization, 'policy' | 'namespace'>;

const MAX_NAME_BYTES = 255;
const MAX_DETAIL = 1024;

export function parseNamespaces(message: NamespaceReport): Parsed<Report<HostNamespace, string>> {
  const put = message.namespaces.map(parseNamespace).filter((namespace) => namespace !== undefined);
  return {
    value: { snapshot: message.snapshot, put, removed: message.removed },
    malformed: message.namespaces.length - put.length,
  };
}

export function parseRealizations(
  message: RealizationReport,
): Parsed<Report<ReportedRealization, RemovedRealization>> {
  const put: ReportedRealization[] = [];
  const removed: RemovedRealization[] = [];
  let malformed = 0;
  for (const entry of message.realizations) {
    const { policy, namespace, policyRevision } = entry;
    const realizationStatus = parseStatus(entry);
    if (!isPolicyName(policy) || !isNamespaceName(namespace)) malformed += 1;
    else if (realizationStatus === 'absent') removed.push({ policy, namespace });
    else if (realizationStatus === undefined) malformed += 1;
    else put.push({ policy, namespace, policyRevision, status: realizationStatus });
  }
  return { value: { snapshot: message.snapshot, put, removed }, malformed };
}

export function parseHealth({ agentUptime, ...health }: HealthMessage): HostHealth {
  const uptime = agentUptime ?? { seconds: 0n, nanos: 0 };
  return { ...health, agentUptimeMs: Number(uptime.seconds) * 1000 + uptime.nanos / 1_000_000 };
}

/** `lost`: events that the host could not keep. */
export function parseEvents(message: EventReport): Parsed<HostEvent[]> & { readonly lost: bigint } {
  const value = message.events.flatMap(({ kind, time, namespace, detail }): HostEvent[] => {
    const word = HOST_EVENT_KINDS.fromWire(kind);
    const known = word !== undefined && (namespace === '' || isNamespaceName(namespace));
    return known ? [{ kind: word, time, namespace, detail: boundedText(detail) }] : [];
  });
  return { value, malformed: message.events.length - value.length, lost: message.lost };
}

/** Text of a peer, no longer than what is kept. */
export function boundedText(text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}…` : text;
}

function parseNamespace(message: Namespace): HostNamespace | undefined {
  const state = NAMESPACE_STATES.fromWire(message.state);
  if (state === undefined || !isNamespaceName(message.name)) return undefined;
  const { name, inode, birthId, netCookie, rulesetDigest, detail, initial } = message;
  return {
    name,
    inode,
    birthId,
    netCookie,
    state,
    rulesetDigest: boundedText(rulesetDigest),
    detail: boundedText(detail),
    initial,
  };
}

function parseStatus(message: Realization): RealizationStatus | 'absent' | undefined {
  switch (message.state) {
    case RealizationState.REALIZATION_STATE_ABSENT:
      return 'absent';
    case RealizationState.REALIZATION_STATE_PENDING:
      return { state: 'pending' };
    case RealizationState.REALIZATION_STATE_ENFORCED:
      return { state: 'enforced', rulesetDigest: boundedText(message.rulesetDigest) };
    case RealizationState.REALIZATION_STATE_FAILED:
      return { state: 'failed', reason: boundedText(message.reason) };
    case RealizationState.REALIZATION_STATE_UNSPECIFIED:
    default:
      return undefined;
  }
}

export function isNamespaceName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}
