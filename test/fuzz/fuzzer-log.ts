// What libFuzzer says of a run (https://llvm.org/docs/LibFuzzer.html#output).

/** How far a fuzzer has come. */
export interface FuzzerProgress {
  /** Inputs that were tried. */
  readonly executions: number;
  /** Edges of the control flow that were reached. */
  readonly coveredEdges: number;
  /** Edges that the program has. */
  readonly allEdges: number;
  /** The file of the input at which the program failed. */
  readonly crashFile?: string;
}

function lastNumber(log: string, pattern: RegExp): number {
  let last = 0;
  for (const match of log.matchAll(pattern)) last = Number(match[1]);
  return last;
}

/** Reads the standard error of a fuzzer, whole or up to now. */
export function readFuzzerLog(log: string): FuzzerProgress {
  const crashFile = /Test unit written to (.+)/.exec(log)?.[1];
  return {
    executions: lastNumber(log, /^(?:#|stat::number_of_executed_units: *)(\d+)/gm),
    coveredEdges: lastNumber(log, /^#\d+\s.* cov: (\d+)/gm),
    allEdges: lastNumber(log, /\((\d+) inline 8-bit counters\)/g),
    ...(crashFile === undefined ? {} : { crashFile }),
  };
}
