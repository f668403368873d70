/** What was measured, against what is wanted. Pure. */

/** Wanted of the load that the bench has by default. */
const MOST = { share: 0.25, lagMs: 2000 };

export interface Measured {
  readonly hosts: number;
  readonly counters: number;
  /** Seconds. */
  readonly interval: number;
  readonly intervals: number;
  /** Of a processor, that the controller takes. */
  readonly share: number;
  /** Of a processor, that the same load takes where it is not read. */
  readonly sinkShare: number;
  /** Milliseconds from each report until the operator had its counts. */
  readonly lags: readonly number[];
  /** Messages to the operator that were due and not made. */
  readonly missed: number;
  /** For how long the controller's event loop stood still at most. */
  readonly longestPauseMs: number;
  /** That a counter takes in columns. */
  readonly counterBytes: number;
  /** Of the controller's process. */
  readonly residentBytes: number;
}

export interface Report {
  readonly text: string;
  readonly holds: boolean;
  readonly json: Readonly<Record<string, number>>;
}

export function statsReport(measured: Measured): Report {
  const { hosts, counters, interval, intervals, share, sinkShare, missed, longestPauseMs } = measured;
  const lags = Float64Array.from(measured.lags).sort();
  const [median, p99] = [at(lags, 0.5), at(lags, 0.99)];
  const [counterBytes, residentMiB] = [measured.counterBytes, measured.residentBytes / 2 ** 20];
  const bound = (holds: boolean): string => (holds ? 'ok  ' : 'OVER');
  const isCheap = share <= MOST.share;
  const isPrompt = p99 <= MOST.lagMs;
  const lines = [
    `${hosts} hosts x ${counters} counters every ${interval} s, over ${intervals * interval} s`,
    `${bound(isCheap)} controller: ${percent(share)} of a processor (at most ${percent(MOST.share)})`,
    `     the same load, not read: ${percent(sinkShare)}; ratio ${(share / sinkShare).toFixed(2)}`,
    `${bound(isPrompt)} from report to operator: median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms (at most ${MOST.lagMs} ms), ${lags.length} reports`,
    `     messages left out: ${missed}; longest pause of the loop: ${longestPauseMs.toFixed(0)} ms`,
    `     memory: ${counterBytes.toFixed(0)} bytes a counter in columns; process ${residentMiB.toFixed(0)} MiB`,
  ];
  return {
    text: `${lines.join('\n')}\n`,
    holds: isCheap && isPrompt,
    json: {
      ...{ hosts, counters, interval, intervals, share, sinkShare, ratio: share / sinkShare },
      ...{ lagMedianMs: median, lagP99Ms: p99, reports: lags.length },
      ...{ missed, longestPauseMs, counterBytes, residentMiB },
    },
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Infinity of nothing. */
function at(sorted: Float64Array, part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? Infinity;
}
