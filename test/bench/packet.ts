// Entry of `npm run bench:packet`: what a packet costs past nsgate and past what else there is.
import { basename, join } from 'node:path';

import { checkoutRoot } from '../vm/cache-folder';
import { VmError } from '../vm/vm-error';
import { packetChart } from './chart';
import { buildBareHook, runGuest, say, withFolder } from './guest-run';
import type { Report } from './measurement';
import { type BenchOptions, everyFamily, parseOptions } from './options';
import { demandWritable, writeResults } from './output-file';
import { makePlan } from './plan';
import { collectResults, jsonReport, markdownReport, type Results, terminalReport } from './report';
import { likelyFamilies } from './ruleset-generator';

/** pktgen sends them in turn, by a device each. */
const distinctPackets = 64;

function progressOf(report: Report): string | undefined {
  if (report.kind !== 'row') return undefined;
  const { family, ip, rules, subject, instructions } = report;
  return `${family} IPv${ip} ${rules} rules, ${subject}: ${instructions} instructions`;
}

function measure(options: BenchOptions): Promise<Results> {
  return withFolder(async (folder) => {
    const bareHook = await buildBareHook(join(folder, 'bare-hook'));
    const { subjects, families = everyFamily, rules: sizes, ip } = options;
    const nsgateModule = join(checkoutRoot, 'kmod', 'nsgate.ko');
    say('generating rulesets');
    const rulesets = { subjects, families, ips: ip, sizes, packets: distinctPackets };
    const plan = makePlan({ ...rulesets, folder, bareHook, nsgateModule });
    const run = { program: 'main.ts', plan, folder, countInstructions: true, progressOf };
    return collectResults(await runGuest<Report>(run));
  });
}

function chartBeside(page: string): string {
  return page.replace(/(\.md)?$/, '.svg');
}

function writePage(file: string, results: Results): void {
  const chart = chartBeside(file);
  writeResults(file, markdownReport(results, { chart: basename(chart), packets: distinctPackets }));
  writeResults(chart, packetChart(results.rows));
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const { json, markdown, families = likelyFamilies } = options;
  try {
    demandWritable(json, markdown, markdown && chartBeside(markdown));
    const results = await measure(options);
    process.stdout.write(`${terminalReport(results)}\n`);
    if (json !== undefined) writeResults(json, jsonReport(results, families));
    if (markdown !== undefined) writePage(markdown, results);
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    say(error.message);
    process.exitCode = error.status;
  }
}

void main();
