// One fuzzer's programs, folders and processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { cacheFolder, checkoutRoot } from '../vm/cache-folder';
import { runProgram } from '../vm/host-program';
import { type FuzzerProgress, readFuzzerLog } from './fuzzer-log';
import type { Target } from './options';

/** Bytes of the longest input that is tried. */
const longestInput = 32_768;
/** Longest inputs that are kept in the repository: the corpus is to stay small. */
const longestKeptInput = 16_384;

/** Where a fuzzer is, and what it works on. */
export interface Fuzzer {
  readonly target: Target;
  readonly program: string;
  /** The corpus in the repository. */
  readonly keptCorpus: string;
  /** The corpus that grows from run to run, outside of it. */
  readonly corpus: string;
  /** Logs, and inputs at which the program failed. */
  readonly folder: string;
}

/** Builds the fuzzers; throws VmError with the compiler's words if that fails. */
export async function buildFuzzers(): Promise<void> {
  await runProgram('make', ['-C', join(checkoutRoot, 'kmod'), 'fuzzers']);
}

export function fuzzerOf(target: Target): Fuzzer {
  const folder = join(cacheFolder(), 'fuzz', target);
  const fuzzer = {
    target,
    program: join(checkoutRoot, 'kmod/.build', `${target}-fuzz`),
    keptCorpus: join(checkoutRoot, 'kmod/test/fuzz/corpus', target),
    corpus: join(folder, 'corpus'),
    folder,
  };
  mkdirSync(fuzzer.corpus, { recursive: true });
  return fuzzer;
}

/** A process that fuzzes. */
export interface FuzzerRun {
  readonly fuzzer: Fuzzer;
  /** How far it has come. */
  progress(): FuzzerProgress;
  /** Whether it came to its end without a failure; resolves when it has ended. */
  readonly good: Promise<boolean>;
  stop(): void;
}

/** Starts process number `job` of a fuzzer. */
export function startFuzzer(
  fuzzer: Fuzzer,
  job: number,
  options: { seconds: number; seed: number },
): FuzzerRun {
  const logFile = join(fuzzer.folder, `job-${job}.log`);
  const log = createWriteStream(logFile);
  const child = spawn(
    fuzzer.program,
    [
      `-seed=${options.seed + job}`,
      `-max_total_time=${options.seconds}`,
      `-max_len=${longestInput}`,
      '-print_final_stats=1',
      `-artifact_prefix=${fuzzer.folder}/`,
      fuzzer.corpus,
      fuzzer.keptCorpus,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  child.stderr.pipe(log);
  let stopped = false;
  const good = Promise.all([once(child, 'close'), once(log, 'finish')]).then(
    () => stopped || child.exitCode === 0,
  );
  const stop = (): void => {
    stopped = child.exitCode === null;
    child.kill('SIGINT');
  };
  return { fuzzer, good, stop, progress: () => readFuzzerLog(readFileSync(logFile, 'utf8')) };
}

/** How much of the program the corpora reach together. */
export async function measureCoverage(fuzzer: Fuzzer): Promise<FuzzerProgress> {
  const log = join(fuzzer.folder, 'coverage.log');
  await runProgram('sh', [
    '-c',
    'exec "$@" 2>"$0"',
    log,
    fuzzer.program,
    '-runs=0',
    fuzzer.corpus,
    fuzzer.keptCorpus,
  ]);
  return readFuzzerLog(readFileSync(log, 'utf8'));
}

/** Adds to the kept corpus the smallest inputs that reach what it does not. */
export async function keepInputs(fuzzer: Fuzzer): Promise<void> {
  const options = ['-merge=1', '-use_counters=0', `-max_len=${longestKeptInput}`];
  await runProgram(fuzzer.program, [...options, fuzzer.keptCorpus, fuzzer.corpus]);
}
