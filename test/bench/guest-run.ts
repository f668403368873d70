// What the benchmarks' two entries share: the bare hook's module, and a machine that runs the guest's side of a plan.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { boot } from '../vm/boot';
import { cacheFolder } from '../vm/cache-folder';
import { runProgram } from '../vm/host-program';
import { kernelHeaders } from '../vm/kernel-headers';
import { kernelImage } from '../vm/kernel-image';
import { defaultKernel } from '../vm/kernel-line';
import { VmError } from '../vm/vm-error';

/** Tells the person who waits. */
export function say(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
}

/** Builds the bare hook's module in `folder`, which it makes; returns the module's path. */
export async function buildBareHook(folder: string): Promise<string> {
  const headers = await kernelHeaders(await kernelImage(defaultKernel, say), say);
  cpSync(join(__dirname, 'bare-hook'), folder, { recursive: true });
  await runProgram('make', ['-C', headers, `M=${folder}`, 'modules']);
  return join(folder, 'bare_hook.ko');
}

/** Runs `use` with a folder that the guest sees, too, and removes it afterwards. */
export async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const parent = join(cacheFolder(), 'bench');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'run-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What to run in the guest. */
export interface GuestRun<Report> {
  /** Program of test/bench/guest; its argument is a file with `plan`, and it prints a line of JSON for each report. */
  readonly program: string;
  readonly plan: unknown;
  readonly folder: string;
  readonly countInstructions: boolean;
  /** What to say of a report as it comes, if anything. */
  readonly progressOf: (report: Report) => string | undefined;
}

/** Runs the guest's side of a plan, on one processor, and returns what it reports. */
export async function runGuest<Report>(run: GuestRun<Report>): Promise<Report[]> {
  const planFile = join(run.folder, 'plan.json');
  writeFileSync(planFile, JSON.stringify(run.plan));
  const machine = await boot({
    command: [process.execPath, '--import', 'tsx', join(__dirname, 'guest', run.program), planFile],
    countInstructions: run.countInstructions,
    memoryMegabytes: 2048,
    announce: say,
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void machine.kill());
  machine.stdin.end();
  machine.stderr.pipe(process.stderr);
  const reports: Report[] = [];
  for await (const line of machine.lines()) {
    const report = JSON.parse(line) as Report;
    reports.push(report);
    const progress = run.progressOf(report);
    if (progress !== undefined) say(progress);
  }
  const exit = await machine.exited;
  for (const line of machine.console.excerpt()) say(`console: ${line}`);
  if (exit.kind === 'exited' && exit.status === 0 && exit.troubles.length === 0) return reports;
  throw new VmError(`the guest failed: ${JSON.stringify(exit)}`);
}
