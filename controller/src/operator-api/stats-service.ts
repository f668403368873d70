/** nsgate.v1.StatsService. */
import { setTimeout } from 'node:timers/promises';
import {
  StatsDimension as WireDimension,
  StatsServiceService,
  type StatsFilter as StatsFilterMessage,
  type StatsGroup as StatsGroupMessage,
  type StreamStatsRequest,
  type StreamStatsResponse,
} from '@nsgate/proto';
import { hostIdOf, hostName } from '../model/resource-name';
import { offerService, type CallContext, type OfferedService } from '../rpc/service';
import { Violations } from '../rpc/violations';
import type { StatsDimension, StatsFeed, StatsFilter, StatsGroup } from '../stats/stats-feed';
import { checkCount, checkHostName, checkPolicyName, unknownEnum } from './field-parsers';

type Duration = NonNullable<StreamStatsRequest['interval']>;

const DEFAULT_INTERVAL_MS = 1000;
const MIN_INTERVAL_MS = 100;
const MAX_INTERVAL_MS = 3_600_000;
const MAX_FILTER = 1000;

const DIMENSIONS: ReadonlyMap<WireDimension, StatsDimension> = new Map([
  [WireDimension.STATS_DIMENSION_HOST, 'host'],
  [WireDimension.STATS_DIMENSION_NAMESPACE, 'namespace'],
  [WireDimension.STATS_DIMENSION_POLICY, 'policy'],
  [WireDimension.STATS_DIMENSION_RULE, 'rule'],
]);

/** Offers the feed to operators. */
export function statsService(feed: StatsFeed): OfferedService {
  return offerService(StatsServiceService, {
    streamStats: (request, context) => streamStats(feed, request, context),
  });
}

/** The next message is made when the one before has left: who reads slowly gets fewer, not older ones. */
async function* streamStats(
  feed: StatsFeed,
  request: StreamStatsRequest,
  { signal }: CallContext,
): AsyncGenerator<StreamStatsResponse> {
  const violations = new Violations();
  const filter = parseFilter(request.filter, violations);
  const groupBy = parseDimensions(request.groupBy, violations);
  const intervalMs = parseInterval(request.interval, violations);
  violations.throwIfAny();
  const view = feed.open({ filter, groupBy });
  try {
    yield statsMessage(view.snapshot(), true);
    while (await passed(intervalMs, signal)) {
      const changed = view.takeChanged();
      if (changed.length > 0) yield statsMessage(changed, false);
    }
  } finally {
    view.close();
  }
}

/** Waits; false when the signal was given meanwhile. */
async function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

function statsMessage(groups: StatsGroup[], snapshot: boolean): StreamStatsResponse {
  return { snapshot, groups: groups.map(groupMessage), time: new Date() };
}

function groupMessage({ hostId, ...group }: StatsGroup): StatsGroupMessage {
  return { ...group, host: hostId === '' ? '' : hostName(hostId) };
}

function parseFilter(message: StatsFilterMessage | undefined, violations: Violations): StatsFilter {
  const { hosts = [], namespaces = [], policies = [], ruleIds = [] } = message ?? {};
  for (const [name, list] of Object.entries({ hosts, namespaces, policies, rule_ids: ruleIds })) {
    checkCount(list, `filter.${name}`, { max: MAX_FILTER, violations });
  }
  for (const [i, host] of hosts.entries()) checkHostName(host, `filter.hosts[${i}]`, violations);
  for (const [i, policy] of policies.entries()) checkPolicyName(policy, `filter.policies[${i}]`, violations);
  return { hostIds: hosts.map((host) => hostIdOf(host) ?? ''), namespaces, policies, ruleIds };
}

function parseDimensions(numbers: readonly WireDimension[], violations: Violations): Set<StatsDimension> {
  const dimensions = new Set<StatsDimension>();
  for (const [i, number] of numbers.entries()) {
    const dimension = DIMENSIONS.get(number);
    const field = `group_by[${i}]`;
    if (dimension === undefined) violations.add(field, unknownEnum('a dimension', number));
    else if (dimensions.has(dimension)) violations.add(field, 'stands there twice');
    else dimensions.add(dimension);
  }
  return dimensions;
}

function parseInterval(duration: Duration | undefined, violations: Violations): number {
  if (duration === undefined) return DEFAULT_INTERVAL_MS;
  const ms = Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
  if (ms >= MIN_INTERVAL_MS && ms <= MAX_INTERVAL_MS) return ms;
  violations.add('interval', 'is not from 100 ms to 1 h');
  return DEFAULT_INTERVAL_MS;
}
