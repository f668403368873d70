/** QueryStats: series out of what is kept. */
import type { QueryStatsRequest, QueryStatsResponse } from '@nsgate/proto';
import { Violations } from '../rpc/violations';
import { historyGaps, queryHistory, resolutionFor, type HistoryQuery } from '../stats/history-query';
import type { HistorySeries } from '../stats/history-series';
import type { HistoryStore } from '../stats/history-store';
import { StatsGrouping, type LabelsOf } from '../stats/stats-grouping';
import { parseDuration } from './field-parsers';
import { groupMessage, trafficMessage } from './stats-message';
import {
  parseDimensions,
  parseLabelKeys,
  parseLimit,
  parseStatsFilter,
  parseStatsOrder,
} from './stats-parser';

const HOUR_MS = 3_600_000;
const STEPS = { minMs: 5000, maxMs: 24 * HOUR_MS };
const MAX_POINTS = 11_000;
const TOP = { max: 1000, otherwise: 100 };

export interface StatsQueryOptions {
  readonly history: HistoryStore;
  readonly labelsOf: LabelsOf;
}

export async function queryStats(
  { history, labelsOf }: StatsQueryOptions,
  request: QueryStatsRequest,
): Promise<QueryStatsResponse> {
  const query = parseRequest(request, labelsOf);
  const { series, leftOut } = await queryHistory(history, query, labelsOf);
  return {
    series: series.map(seriesMessage),
    step: { seconds: BigInt(query.stepMs / 1000), nanos: 0 },
    leftOut: BigInt(leftOut),
    gaps: historyGaps(history, query).map(({ fromMs, toMs }) => ({
      startTime: new Date(fromMs),
      endTime: new Date(toMs),
    })),
  };
}

function parseRequest(request: QueryStatsRequest, labelsOf: LabelsOf): HistoryQuery {
  const violations = new Violations();
  const what = {
    filter: parseStatsFilter(request.filter, violations),
    groupBy: parseDimensions(request.groupBy, violations),
    labelKeys: parseLabelKeys(request.groupByLabels, violations),
  };
  const { hasTraffic } = new StatsGrouping(what, labelsOf);
  const count = parseLimit(request.top, 'top', { ...TOP, violations });
  const order = parseStatsOrder(request.order, { hasTraffic }, violations);
  const range = parseRange(request, violations);
  violations.throwIfAny();
  return { ...what, ...range, top: { count, order } };
}

function parseRange(
  { startTime, endTime, step }: QueryStatsRequest,
  violations: Violations,
): Pick<HistoryQuery, 'fromMs' | 'toMs' | 'stepMs' | 'resolutionMs'> {
  const now = Date.now();
  const toMs = parseTime(endTime, now, 'end_time', violations);
  const fromMs = parseTime(startTime, toMs - HOUR_MS, 'start_time', violations);
  if (fromMs > toMs) violations.add('end_time', 'is before start_time');
  const resolutionMs = resolutionFor(fromMs, now);
  const wantedMs = parseDuration(step, 'step', { ...STEPS, violations }) ?? resolutionMs;
  const stepMs = Math.ceil(wantedMs / resolutionMs) * resolutionMs;
  const points = (toMs - fromMs) / stepMs;
  if (points > MAX_POINTS) {
    violations.add('step', `gives ${Math.ceil(points)} points over the range; at most ${MAX_POINTS}`);
  }
  return { fromMs, toMs, stepMs, resolutionMs };
}

function parseTime(time: Date | undefined, otherwise: number, field: string, violations: Violations): number {
  const ms = time?.getTime() ?? otherwise;
  if (Number.isFinite(ms)) return ms;
  violations.add(field, 'is no time');
  return otherwise;
}

function seriesMessage({ group, points }: HistorySeries): QueryStatsResponse['series'][number] {
  return {
    group: groupMessage(group),
    points: points.map(({ endMs, counters, traffic }) => ({
      time: new Date(endMs),
      counters,
      traffic: traffic && trafficMessage(traffic),
    })),
  };
}
