// The guest's side of the benchmark: measures what a plan asks for, one line of JSON on stdout for each result.
import { readFileSync } from 'node:fs';

import type { Plan, Report } from '../measurement';
import { command } from './command';
import { kernelRelease } from './packet-sink';
import { runTrial } from './trial';

function say(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function main(planFile: string): Promise<void> {
  const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan;
  say({ kind: 'kernel', release: kernelRelease() });
  command('modprobe', '-a', 'pktgen', 'veth');
  for (const trial of plan.trials) await runTrial(trial, plan, say);
}

void main(process.argv[2] ?? '');
