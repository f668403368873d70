/**
 * Kept statistics (QueryStats) as rates.
 *
 * They tell what was counted in each step in which something was, and of which stretches nothing is known. While nobody watches, hosts report
 * every 15 s: then a step of 5 s has what was counted in the 15 s before its end. So 300 packets in a step, with nothing in the two before
 * it, are 20 a second for 15 s, not 60 for 5.
 */
import type { KnownRates } from './rate-window';

/** What was counted in the step that ended then. */
export interface KeptCounts {
  readonly seconds: number;
  readonly counts: readonly number[];
}

export interface KeptRange {
  /** The first step begins at `from`, the last ends at `to`. */
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly seriesCount: number;
  /** Of which nothing is known. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
}

/** How often hosts report while nobody watches. */
const REPORT_SECONDS = 15;

export function keptRates(points: readonly KeptCounts[], range: KeptRange): KnownRates {
  const { from, to, step, seriesCount, gaps } = range;
  const counted = new Map(points.map(({ seconds, counts }) => [Math.round((seconds - from) / step), counts]));
  const isKnown = (time: number): boolean => !gaps.some((gap) => gap.from < time && time <= gap.to);
  const steps = Math.round((to - from) / step);
  const times = Array.from({ length: steps }, (_, i) => from + (i + 1) * step);
  const known = times.map(isKnown);
  const series = Array.from({ length: seriesCount }, () => known.map((is): number | null => (is ? 0 : null)));
  for (const [end, counts] of counted) {
    let first = end;
    const reaches = Math.max(1, REPORT_SECONDS / step);
    while (end - first + 1 < reaches && known[first - 2] === true && !counted.has(first - 1)) first -= 1;
    const seconds = (end - first + 1) * step;
    series.forEach((one, i) => one.fill((counts[i] ?? 0) / seconds, first - 1, end));
  }
  return { times, series };
}
