/**
 * Kept statistics (QueryStats) as rates.
 *
 * They tell what was counted in each step in which something was. While nobody watches, hosts report every 15 s: then a step of 5 s has what
 * was counted in the 15 s before its end. So 300 packets in a step, with nothing in the two before it, are 20 a second for 15 s, not
 * 60 for 5. Where steps are missing for longer nothing was counted. What came before the first step is not known.
 */
import type { KnownRates } from './rate-window';

/** What was counted in the step that ended then. */
export interface KeptCounts {
  readonly seconds: number;
  readonly counts: readonly number[];
}

/** How often hosts report while nobody watches. */
const REPORT_SECONDS = 15;

export function keptRates(
  points: readonly KeptCounts[],
  { step, seriesCount }: { step: number; seriesCount: number },
): KnownRates {
  const times: number[] = [];
  const series = Array.from({ length: seriesCount }, (): number[] => []);
  const add = (seconds: number, counts: readonly number[], span: number): void => {
    times.push(seconds);
    series.forEach((one, i) => one.push((counts[i] ?? 0) / span));
  };
  points.forEach(({ seconds, counts }, i) => {
    const before = points[i - 1]?.seconds ?? seconds - step;
    const passed = Math.max(1, Math.round((seconds - before) / step));
    const filled = Math.min(passed, Math.max(1, REPORT_SECONDS / step));
    for (let ago = passed - 1; ago >= 0; ago--) {
      add(seconds - ago * step, ago < filled ? counts : [], filled * step);
    }
  });
  return { times, series };
}
