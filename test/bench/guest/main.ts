// The guest's side of the benchmark: measures what a plan asks for, one line of JSON on stdout for each result.
import { readFileSync } from 'node:fs';

import type { Plan, Report } from '../measurement';
import { type Ip, ips } from '../rule';
import { command } from './command';
import { kernelRelease } from './packet-sink';
import { type BareCosts, measureBare, runTrial } from './trial';

function say(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function main(planFile: string): Promise<void> {
  const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan;
  say({ kind: 'kernel', release: kernelRelease() });
  command('modprobe', '-a', 'pktgen', 'veth');
  const bare = new Map<Ip, BareCosts>();
  for (const ip of ips) {
    const firstTrial = plan.trials.find((trial) => trial.ip === ip);
    if (!firstTrial) continue;
    const costs = await measureBare(firstTrial, plan.bareHook);
    bare.set(ip, costs);
    say({ kind: 'bare', ip, instructions: Math.round(costs.packet) });
  }
  for (const trial of plan.trials) await runTrial(trial, { plan, bare, say });
}

void main(process.argv[2] ?? '');
