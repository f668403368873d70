/** Series out of kept steps. */
import { setImmediate } from 'node:timers/promises';
import { countersAt, trafficAt, type Counters, type Traffic } from './counters';
import type { StatsGroup } from './grouped-view';
import type { HistoryRow } from './history-step';
import { RESOLUTIONS, type HistoryStore } from './history-store';
import { keyText, StatsGrouping, type GroupKey, type LabelsOf, type StatsQuery } from './stats-grouping';

export interface HistoryQuery extends StatsQuery {
  /** Milliseconds since 1970: behind the first, up to the second. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Between points: a whole number of steps of the resolution. */
  readonly stepMs: number;
  readonly resolutionMs: number;
}

export interface HistoryPoint {
  /** End of the step. */
  readonly endMs: number;
  readonly counters: Counters;
  readonly traffic: Traffic | undefined;
}

/** A group with its sum over the range, and its points in order of time. */
export interface HistorySeries {
  readonly group: StatsGroup;
  readonly points: readonly HistoryPoint[];
}

/** Milliseconds since 1970. */
export interface HistoryGap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** So many steps may be missing where the controller was late for them. */
const TOLERATED_STEPS = 3;

/** Stretches of the range that no step covers: the controller did not run. */
export function historyGaps(
  store: HistoryStore,
  { fromMs, toMs, resolutionMs }: Pick<HistoryQuery, 'fromMs' | 'toMs' | 'resolutionMs'>,
): HistoryGap[] {
  const gaps: HistoryGap[] = [];
  let covered = fromMs;
  const coveredUpTo = (startMs: number): void => {
    if (startMs - covered > TOLERATED_STEPS * resolutionMs) gaps.push({ fromMs: covered, toMs: startMs });
  };
  for (const end of store.ends(resolutionMs, fromMs, toMs)) {
    coveredUpTo(end - resolutionMs);
    covered = end;
  }
  coveredUpTo(toMs);
  return gaps;
}

/** The finest resolution that is kept so far back. */
export function resolutionFor(fromMs: number, nowMs: number): number {
  const [fine, coarse] = RESOLUTIONS;
  return fromMs >= nowMs - fine.keptMs ? fine.stepMs : coarse.stepMs;
}

interface Sums {
  readonly rule: bigint[];
  readonly hook: bigint[];
}

interface OpenSeries {
  readonly key: GroupKey;
  readonly total: Sums;
  readonly points: Map<number, Sums>;
}

/** Reads step by step, and lets others work between them. */
export async function queryHistory(
  store: HistoryStore,
  query: HistoryQuery,
  labelsOf: LabelsOf,
): Promise<HistorySeries[]> {
  const grouping = new StatsGrouping(query, labelsOf);
  const series = new Map<string, OpenSeries>();
  for (const end of store.ends(query.resolutionMs, query.fromMs, query.toMs)) {
    const steps = Math.ceil((end - query.fromMs) / query.stepMs);
    const point = Math.min(query.fromMs + steps * query.stepMs, query.toMs);
    for (const row of store.rows(query.resolutionMs, end)) addRow(series, grouping, { row, point });
    await setImmediate();
  }
  return [...series.values()].map((one) => closeSeries(one, grouping.hasTraffic));
}

function addRow(
  series: Map<string, OpenSeries>,
  grouping: StatsGrouping,
  { row, point }: { row: HistoryRow; point: number },
): void {
  const key = row.hook === undefined ? grouping.ofRule(row, row) : grouping.ofHook(row, row.hook);
  if (key === undefined) return;
  const text = keyText(key);
  const one = series.get(text) ?? { key, total: { rule: [], hook: [] }, points: new Map<number, Sums>() };
  series.set(text, one);
  const sums = one.points.get(point) ?? { rule: [], hook: [] };
  one.points.set(point, sums);
  row.columns.forEach((value, i) => {
    sums[row.kind][i] = (sums[row.kind][i] ?? 0n) + value;
    one.total[row.kind][i] = (one.total[row.kind][i] ?? 0n) + value;
  });
}

function closeSeries({ key, total, points }: OpenSeries, hasTraffic: boolean): HistorySeries {
  const read = ({ rule, hook }: Sums): Pick<HistoryPoint, 'counters' | 'traffic'> => ({
    counters: countersAt((column) => rule[column] ?? 0n),
    traffic: hasTraffic ? trafficAt((column) => hook[column] ?? 0n) : undefined,
  });
  const inOrder = [...points].sort(([a], [b]) => a - b);
  return {
    group: { key, ...read(total), lastHit: 0 },
    points: inOrder.map(([endMs, sums]) => ({ endMs, ...read(sums) })),
  };
}
