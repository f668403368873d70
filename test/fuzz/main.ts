// Entry of `npm run fuzz`: fuzzes the kernel module's pure parts on all processors.
import { VmError } from '../vm/vm-error';
import { buildFuzzers, type FuzzerRun, fuzzerOf, keepInputs, measureCoverage, startFuzzer } from './fuzzer';
import { type FuzzOptions, parseOptions } from './options';

const reportSeconds = 30;

function say(message: string): void {
  process.stderr.write(`fuzz: ${message}\n`);
}

function startAll(options: FuzzOptions): FuzzerRun[] {
  const fuzzers = options.targets.map(fuzzerOf);
  const jobs = Math.max(options.jobs, fuzzers.length);
  return Array.from({ length: jobs }, (_, job) => {
    const fuzzer = fuzzers[job % fuzzers.length];
    if (fuzzer === undefined) throw new Error('there is no target to fuzz');
    return startFuzzer(fuzzer, job, options);
  });
}

function reportProgress(runs: readonly FuzzerRun[]): void {
  for (const run of runs) {
    const { executions, coveredEdges } = run.progress();
    say(`${run.fuzzer.target}: ${executions} executions, ${coveredEdges} edges`);
  }
}

/** Waits for all; the first that fails stops the others. Returns those that failed. */
async function waitForAll(runs: readonly FuzzerRun[]): Promise<FuzzerRun[]> {
  const failed: FuzzerRun[] = [];
  await Promise.all(
    runs.map(async (run) => {
      if (await run.good) return;
      failed.push(run);
      for (const other of runs) if (other !== run) other.stop();
    }),
  );
  return failed;
}

async function summarize(runs: readonly FuzzerRun[]): Promise<void> {
  for (const fuzzer of new Set(runs.map((run) => run.fuzzer))) {
    const own = runs.filter((run) => run.fuzzer === fuzzer);
    const executions = own.reduce((sum, run) => sum + run.progress().executions, 0);
    const { coveredEdges, allEdges } = await measureCoverage(fuzzer);
    process.stdout.write(
      `${fuzzer.target}: ${executions} executions, ${coveredEdges} of ${allEdges} edges covered\n`,
    );
  }
}

function tellFailure(run: FuzzerRun): void {
  const { fuzzer } = run;
  const file = run.progress().crashFile;
  if (file === undefined) {
    say(`${fuzzer.target} ended by itself; its logs are in ${fuzzer.folder}`);
    return;
  }
  say(`${fuzzer.target} failed; the input is in ${file}, what was said in ${fuzzer.folder}`);
  say(`try it again by \`${fuzzer.program} ${file}\`; once it is mended, move it to ${fuzzer.keptCorpus}`);
}

async function fuzz(options: FuzzOptions): Promise<boolean> {
  await buildFuzzers();
  const runs = startAll(options);
  say(`${runs.length} processes, ${options.seconds} s, seed ${options.seed}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      for (const run of runs) run.stop();
    });
  const timer = setInterval(() => reportProgress(runs), reportSeconds * 1000);
  const failed = await waitForAll(runs).finally(() => clearInterval(timer));
  if (failed.length > 0) {
    failed.forEach(tellFailure);
    return false;
  }
  await summarize(runs);
  if (options.keep) for (const fuzzer of new Set(runs.map((run) => run.fuzzer))) await keepInputs(fuzzer);
  return true;
}

async function main(): Promise<void> {
  try {
    if (!(await fuzz(parseOptions(process.argv.slice(2))))) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    say(error.message);
    process.exitCode = error.status;
  }
}

void main();
