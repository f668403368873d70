/** nsgate.v1.StatsService. */
import { setTimeout } from 'node:timers/promises';
import {
  StatsServiceService,
  type ListTopRulesResponse,
  type ListUnusedRulesResponse,
  type StreamStatsRequest,
  type StreamStatsResponse,
} from '@nsgate/proto';
import { offerService, type CallContext, type OfferedService } from '../rpc/service';
import { Violations } from '../rpc/violations';
import type { CounterLedger } from '../stats/counter-ledger';
import type { HistoryStore } from '../stats/history-store';
import type { PacketLog } from '../stats/packet-log';
import type { RuleDirectory } from '../stats/rule-directory';
import type { FeedQuery, MeasuredGroup, StatsFeed } from '../stats/stats-feed';
import { StatsGrouping, type GroupKey, type LabelsOf } from '../stats/stats-grouping';
import { parseDuration } from './field-parsers';
import { streamPackets } from './packet-stream';
import { listTopRules, listUnusedRules } from './rule-statistics';
import { groupMessage } from './stats-message';
import { queryStats } from './stats-query';
import {
  parseDimensions,
  parseLabelKeys,
  parseLimit,
  parseStatsFilter,
  parseStatsOrder,
} from './stats-parser';

const DEFAULT_INTERVAL_MS = 1000;
const INTERVALS = { minMs: 100, maxMs: 3_600_000 };
const MAX_TOP = 10_000;
/** Well below the 4 MiB that clients take. */
const MESSAGE_BYTES = 2 ** 21;
/** That a group takes at most beside its names. */
const COUNTS_BYTES = 256;

export interface StatsServiceOptions {
  readonly feed: StatsFeed;
  readonly ledger: CounterLedger;
  readonly rules: RuleDirectory;
  readonly packets: PacketLog;
  readonly history: HistoryStore;
  readonly labelsOf: LabelsOf;
}

/** Offers what is counted, and what is sampled, to operators. */
export function statsService(options: StatsServiceOptions): OfferedService {
  return offerService(StatsServiceService, {
    streamStats: (request, context) => streamStats(options, request, context),
    queryStats: (request) => queryStats(options, request),
    streamPackets: (request, context) => streamPackets(options, request, context),
    listTopRules: (request): Promise<ListTopRulesResponse> => Promise.resolve(listTopRules(options, request)),
    listUnusedRules: (request): Promise<ListUnusedRulesResponse> =>
      Promise.resolve(listUnusedRules(options, request)),
  });
}

/** The next message is made when the one before has left: who reads slowly gets fewer, not older ones. */
async function* streamStats(
  { feed, labelsOf }: StatsServiceOptions,
  request: StreamStatsRequest,
  { signal }: CallContext,
): AsyncGenerator<StreamStatsResponse> {
  const { query, intervalMs } = parseStreamRequest(request, labelsOf);
  const view = feed.open(query);
  try {
    yield* statsMessages(view.snapshot(), { snapshot: true, missed: 0n });
    for (let due = performance.now() + intervalMs; await until(due, signal); due += intervalMs) {
      // A timer may fire a little early.
      const missed = Math.max(0, Math.floor((performance.now() - due) / intervalMs));
      due += missed * intervalMs;
      const changed = view.takeChanged();
      const snapshot = query.top !== undefined;
      if (snapshot || changed.length > 0) yield* statsMessages(changed, { snapshot, missed: BigInt(missed) });
    }
  } finally {
    view.close();
  }
}

function parseStreamRequest(
  request: StreamStatsRequest,
  labelsOf: LabelsOf,
): { query: FeedQuery; intervalMs: number } {
  const violations = new Violations();
  const query = {
    filter: parseStatsFilter(request.filter, violations),
    groupBy: parseDimensions(request.groupBy, violations),
    labelKeys: parseLabelKeys(request.groupByLabels, violations),
  };
  const { hasTraffic } = new StatsGrouping(query, labelsOf);
  const order = parseStatsOrder(request.order, { hasTraffic }, violations);
  const count = parseLimit(request.top, 'top', { max: MAX_TOP, otherwise: undefined, violations });
  const intervalMs = parseDuration(request.interval, 'interval', { ...INTERVALS, violations });
  violations.throwIfAny();
  const top = count === undefined ? undefined : { count, order };
  return {
    query: { ...query, top, withRates: request.rates },
    intervalMs: intervalMs ?? DEFAULT_INTERVAL_MS,
  };
}

/** One message, or, of many groups, several: those behind the first add to it. */
function* statsMessages(
  groups: readonly MeasuredGroup[],
  { snapshot, missed }: { snapshot: boolean; missed: bigint },
): Generator<StreamStatsResponse> {
  const time = new Date();
  const ends = partEnds(groups);
  for (const [i, end] of ends.entries()) {
    const isFirst = i === 0;
    yield {
      ...{ snapshot: snapshot && isFirst, time, missed: isFirst ? missed : 0n },
      groups: groups.slice(ends[i - 1] ?? 0, end).map(groupMessage),
      more: i < ends.length - 1,
    };
  }
}

/** Where parts of some size end; the last one with the groups. */
function partEnds(groups: readonly MeasuredGroup[]): number[] {
  const ends: number[] = [];
  let bytes = 0;
  for (const [i, { key }] of groups.entries()) {
    const size = COUNTS_BYTES + namesBytes(key);
    if (bytes > 0 && bytes + size > MESSAGE_BYTES) {
      ends.push(i);
      bytes = 0;
    }
    bytes += size;
  }
  return [...ends, groups.length];
}

/** With a few bytes for each name. */
function namesBytes({ hostId, namespace, policy, ruleId, labels }: GroupKey): number {
  const names = [hostId, namespace, policy, ruleId, ...[...labels].flat()];
  return names.reduce((sum, name) => sum + 10 + Buffer.byteLength(name), 0);
}

/** Waits; false when the signal was given meanwhile. */
async function until(due: number, signal: AbortSignal): Promise<boolean> {
  await setTimeout(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
