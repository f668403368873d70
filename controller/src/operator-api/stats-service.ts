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
import { StatsGrouping, type LabelsOf } from '../stats/stats-grouping';
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
/** Groups of one message: well below the 4 MiB that clients take. */
const GROUPS_OF_MESSAGE = 5000;

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
      if (changed.length > 0) yield* statsMessages(changed, { snapshot, missed: BigInt(missed) });
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
  const step = snapshot && groups.length <= MAX_TOP ? MAX_TOP : GROUPS_OF_MESSAGE;
  for (let at = 0; at === 0 || at < groups.length; at += step) {
    const part = groups.slice(at, at + step).map(groupMessage);
    yield { snapshot: snapshot && at === 0, groups: part, time, missed: at === 0 ? missed : 0n };
  }
}

/** Waits; false when the signal was given meanwhile. */
async function until(due: number, signal: AbortSignal): Promise<boolean> {
  await setTimeout(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
