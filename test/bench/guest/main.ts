// The guest's side of the benchmark: measures what a plan asks for, one line of JSON on stdout for each result.
import { readFileSync } from 'node:fs';

import type { Plan, Report } from '../measurement';
import { command } from './command';
import { kernelRelease } from './packet-sink';
import { measureBare, runTrial } from './trial';

function say(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function main(planFile: string): Promise<void> {
  const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan;
  const [firstTrial] = plan.trials;
  if (!firstTrial) return;
  say({ kind: 'kernel', release: kernelRelease() });
  command('modprobe', '-a', 'pktgen', 'veth');
  const bare = await measureBare(firstTrial, plan.bareHook);
  say({ kind: 'bare', instructions: Math.round(bare.packet) });
  for (const trial of plan.trials) await runTrial(trial, { plan, bare, say });
}

void main(process.argv[2] ?? '');
