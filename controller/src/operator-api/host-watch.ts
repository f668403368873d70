/** Streams and lists of what happens to hosts. */
import { setTimeout } from 'node:timers/promises';
import type {
  ListHostEventsRequest,
  ListHostEventsResponse,
  ReportedEvent as ReportedMessage,
  WatchHostEventsRequest,
  WatchHostEventsResponse,
  WatchHostsResponse,
} from '@nsgate/proto';
import { HOST_EVENT_KINDS } from '../compiler/wire-enums';
import type { ReportedEvent } from '../host-registry/host-event-log';
import type { HostRegistry } from '../host-registry/host-registry';
import { hostIdOf, hostName } from '../model/resource-name';
import type { CallContext } from '../rpc/service';
import { Violations } from '../rpc/violations';
import { checkHostName } from './field-parsers';
import { hostMessage } from './fleet-message';
import { cutPage, parsePage } from './page';
import { notFound } from './resource-errors';

/** A host that changes often is told of so often. */
const LOOK_EVERY_MS = 100;
const ALL_HOSTS = 'hosts/-';
const MAX_WAITING = 1024;

/** What waits for a slow watcher is a set of hosts, each told of as it then stands. */
export async function* watchHosts(
  registry: HostRegistry,
  { signal }: CallContext,
): AsyncGenerator<WatchHostsResponse> {
  const changed = new Set<string>();
  const end = registry.listen((hostId) => changed.add(hostId));
  try {
    for (const host of registry.list({ after: '', limit: Infinity })) {
      changed.delete(host.id);
      yield { event: { $case: 'host', value: hostMessage(host) } };
    }
    yield { event: { $case: 'inSync', value: {} } };
    while (!signal.aborted) {
      for (const hostId of changed) {
        changed.delete(hostId);
        yield changeOf(registry, hostId);
      }
      await passed(LOOK_EVERY_MS, signal);
    }
  } finally {
    end();
  }
}

function changeOf(registry: HostRegistry, hostId: string): WatchHostsResponse {
  const host = registry.get(hostId);
  if (host === undefined) return { event: { $case: 'removed', value: hostName(hostId) } };
  return { event: { $case: 'host', value: hostMessage(host) } };
}

export function listHostEvents(
  registry: HostRegistry,
  request: ListHostEventsRequest,
): ListHostEventsResponse {
  const violations = new Violations();
  const list = `events of ${request.parent}`;
  if (request.parent !== ALL_HOSTS) checkHostName(request.parent, 'parent', violations);
  const { size, after } = parsePage(request, list, violations);
  violations.throwIfAny();
  const hostId = knownParent(registry, request.parent);
  const before = after?.[0] === undefined ? undefined : BigInt(after[0]);
  const found = registry.events.list({ hostId, before, limit: size + 1 });
  const { page, nextPageToken } = cutPage(found, { size, list, keyOf: ({ sequence }) => [String(sequence)] });
  return { events: page.map(reportedMessage), nextPageToken };
}

/** A watcher that reads too slowly is told how many it has missed. */
export async function* watchHostEvents(
  registry: HostRegistry,
  { parent }: WatchHostEventsRequest,
  { signal }: CallContext,
): AsyncGenerator<WatchHostEventsResponse> {
  const violations = new Violations();
  if (parent !== '' && parent !== ALL_HOSTS) checkHostName(parent, 'parent', violations);
  violations.throwIfAny();
  const wanted = knownParent(registry, parent === '' ? ALL_HOSTS : parent);
  let [waiting, lost]: [ReportedEvent[], bigint] = [[], 0n];
  const end = registry.events.listen((told) => {
    if (wanted !== undefined && ('reported' in told ? told.reported.hostId : told.hostId) !== wanted) return;
    if ('lost' in told) lost += told.lost;
    else if (waiting.length < MAX_WAITING) waiting.push(told.reported);
    else lost += 1n;
  });
  try {
    while (!signal.aborted) {
      // Taken before they are sent: what comes meanwhile waits, or is lost, for the next turn.
      const [events, missed] = [waiting, lost];
      [waiting, lost] = [[], 0n];
      for (const event of events) yield { event: { $case: 'reported', value: reportedMessage(event) } };
      if (missed > 0n) yield { event: { $case: 'lost', value: missed } };
      await passed(LOOK_EVERY_MS, signal);
    }
  } finally {
    end();
  }
}

/** The id of the host; undefined for all. */
function knownParent(registry: HostRegistry, parent: string): string | undefined {
  if (parent === ALL_HOSTS) return undefined;
  const hostId = hostIdOf(parent) ?? '';
  if (registry.get(hostId) === undefined) throw notFound(parent);
  return hostId;
}

function reportedMessage({ hostId, event, sequence }: ReportedEvent): ReportedMessage {
  return { host: hostName(hostId), event: { ...event, kind: HOST_EVENT_KINDS.toWire(event.kind) }, sequence };
}

/** Waits, but not beyond the signal. */
async function passed(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
}
