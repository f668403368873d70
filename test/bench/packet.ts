// Entry of `npm run bench:packet`: what a packet costs past nsgate and past what else there is.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { boot } from '../vm/boot';
import { cacheFolder, checkoutRoot } from '../vm/cache-folder';
import { runProgram } from '../vm/host-program';
import { kernelHeaders } from '../vm/kernel-headers';
import { kernelImage } from '../vm/kernel-image';
import { defaultKernel } from '../vm/kernel-line';
import { VmError } from '../vm/vm-error';
import { packetChart } from './chart';
import type { Report } from './measurement';
import { type BenchOptions, parseOptions } from './options';
import { makePlan } from './plan';
import { collectResults, jsonReport, markdownReport, type Results, terminalReport } from './report';

function say(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
}

async function buildBareHook(folder: string): Promise<string> {
  const headers = await kernelHeaders(await kernelImage(defaultKernel, say), say);
  cpSync(join(__dirname, 'bare-hook'), folder, { recursive: true });
  await runProgram('make', ['-C', headers, `M=${folder}`, 'modules']);
  return join(folder, 'bare_hook.ko');
}

function progressOf(report: Report): string | undefined {
  if (report.kind !== 'row') return undefined;
  const { family, ip, rules, subject, instructions } = report;
  return `${family} IPv${ip} ${rules} rules, ${subject}: ${instructions} instructions`;
}

/** Runs the guest's side with the plan in `planFile`, and returns what it reports. */
async function runGuest(planFile: string): Promise<Report[]> {
  const machine = await boot({
    command: [process.execPath, '--import', 'tsx', join(__dirname, 'guest', 'main.ts'), planFile],
    countInstructions: true,
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
    const progress = progressOf(report);
    if (progress !== undefined) say(progress);
  }
  const exit = await machine.exited;
  for (const line of machine.console.excerpt()) say(`console: ${line}`);
  if (exit.kind === 'exited' && exit.status === 0 && exit.troubles.length === 0) return reports;
  throw new VmError(`the guest failed: ${JSON.stringify(exit)}`);
}

async function measure(options: BenchOptions): Promise<Results> {
  const parent = join(cacheFolder(), 'bench');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'run-'));
  try {
    const bareHook = await buildBareHook(join(folder, 'bare-hook'));
    const { subjects, families, rules: sizes, ip } = options;
    const nsgateModule = join(checkoutRoot, 'kmod', 'nsgate.ko');
    say('generating rulesets');
    const plan = makePlan({ subjects, families, ips: ip, sizes, folder, bareHook, nsgateModule });
    const planFile = join(folder, 'plan.json');
    writeFileSync(planFile, JSON.stringify(plan));
    return collectResults(await runGuest(planFile));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writePage(file: string, results: Results): void {
  const chart = file.replace(/(\.md)?$/, '.svg');
  writeFileSync(file, markdownReport(results, basename(chart)));
  writeFileSync(chart, packetChart(results.rows));
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  try {
    const results = await measure(options);
    process.stdout.write(`${terminalReport(results)}\n`);
    if (options.json !== undefined) writeFileSync(options.json, jsonReport(results));
    if (options.markdown !== undefined) writePage(options.markdown, results);
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    say(error.message);
    process.exitCode = error.status;
  }
}

void main();
