/** Series out of kept steps. */
import { setImmediate } from 'node:timers/promises';
import { RESOLUTIONS, type HistoryStore } from './history-store';
import { HistorySeriesTable, type HistorySeries } from './history-series';
import { cutTop, type StatsTop } from './stats-feed';
import { StatsGrouping, type LabelsOf, type StatsQuery } from './stats-grouping';

export interface HistoryQuery extends StatsQuery {
  /** Milliseconds since 1970: behind the first, up to the second. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Between points: a whole number of steps of the resolution. */
  readonly stepMs: number;
  readonly resolutionMs: number;
  readonly top: StatsTop;
}

export interface HistoryAnswer {
  /** Most first. */
  readonly series: readonly HistorySeries[];
  /** Series that are not among them. */
  readonly leftOut: number;
}

/** Points of all series together. */
export interface HistoryLimits {
  /** As a message they take less than the 4 MiB that clients take. */
  readonly answered: number;
  /** Held while it is not known yet which series are asked for: some 400 bytes each. */
  readonly held: number;
}

const LIMITS: HistoryLimits = { answered: 25_000, held: 100_000 };

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

/** Reads step by step, and lets others work between them. */
export async function queryHistory(
  store: HistoryStore,
  query: HistoryQuery,
  labelsOf: LabelsOf,
  { answered, held } = LIMITS,
): Promise<HistoryAnswer> {
  const grouping = new StatsGrouping(query, labelsOf);
  const table = new HistorySeriesTable(grouping, { maxPoints: held });
  await readSteps(store, query, table);
  const shown = withinPoints(cutTop(table.groups(), query.top), answered);
  const leftOut = table.size - shown.length;
  if (table.hasPoints) return { series: table.series(shown), leftOut };
  // Once more, for the points of those alone.
  const chosen = new HistorySeriesTable(grouping, { maxPoints: answered, only: shown });
  await readSteps(store, query, chosen);
  return { series: chosen.series(shown), leftOut };
}

async function readSteps(store: HistoryStore, query: HistoryQuery, table: HistorySeriesTable): Promise<void> {
  for (const end of store.ends(query.resolutionMs, query.fromMs, query.toMs)) {
    const steps = Math.ceil((end - query.fromMs) / query.stepMs);
    const point = Math.min(query.fromMs + steps * query.stepMs, query.toMs);
    for (const row of store.rows(query.resolutionMs, end)) table.add(row, point);
    await setImmediate();
  }
}

/** The first that have no more points together; one at least. */
function withinPoints<Group extends { readonly points: number }>(
  groups: readonly Group[],
  most: number,
): Group[] {
  let points = 0;
  const fitting = groups.findIndex((group, i) => (points += group.points) > most && i > 0);
  return fitting < 0 ? [...groups] : groups.slice(0, fitting);
}
