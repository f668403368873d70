// Entry of `npm run bench:flows`: nsgate and nftables by the clock, over more flows than fit into a cache.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Command, InvalidArgumentError } from 'commander';

import { checkoutRoot } from '../vm/cache-folder';
import { runProgram } from '../vm/host-program';
import { VmError } from '../vm/vm-error';
import { udpFrame } from './ethernet-frame';
import type { FlowPlan, FlowReport, FlowTrial } from './flow-measurement';
import { flowPage } from './flow-report';
import { buildBareHook, runGuest, say, withFolder } from './guest-run';
import { linkAddress } from './link-address';
import type { Trial } from './measurement';
import { demandWritable, writeResults } from './output-file';
import { makePlan } from './plan';
import { ips } from './rule';
import { type Family, likelyFamilies } from './ruleset-generator';

interface FlowOptions {
  readonly rules: readonly number[];
  readonly families: readonly Family[];
  readonly flows: number;
  readonly markdown?: string;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 16_384) return value;
  throw new InvalidArgumentError('must be whole numbers from 1 to 16384');
}

function likelyFamily(text: string): Family {
  const family = likelyFamilies.find((candidate) => candidate === text);
  if (family === undefined) throw new InvalidArgumentError(`must be of ${likelyFamilies.join(', ')}`);
  return family;
}

function parseOptions(programArguments: readonly string[]): FlowOptions {
  return new Command('bench:flows')
    .description('Compares nsgate with nftables by the clock, in a kernel of its own.')
    .option(
      '--rules <sizes>',
      'sizes of rulesets',
      (text) => text.split(',').map(wholeNumber),
      [1000, 10_000],
    )
    .option('--families <names>', 'kinds of rulesets', (text) => text.split(',').map(likelyFamily), [
      ...likelyFamilies,
    ])
    .option('--flows <number>', 'flows that go round', wholeNumber, 10_000)
    .option('--markdown <file>', 'also write the results as a page of documentation')
    .parse(programArguments, { from: 'user' })
    .opts<FlowOptions>();
}

async function buildSender(folder: string): Promise<string> {
  const program = join(folder, 'flow_sender');
  await runProgram('cc', ['-O2', '-o', program, join(__dirname, 'flow-sender', 'flow_sender.c')]);
  return program;
}

function withFrames(trial: Trial, folder: string): FlowTrial {
  const frames = join(folder, `frames-${trial.family}-${trial.rules}-${trial.ip}`);
  writeFileSync(
    frames,
    Buffer.concat(trial.packets.map((packet) => udpFrame(packet, trial.ip, linkAddress))),
  );
  return { ...trial, frames };
}

async function makeFlowPlan({ families, rules, flows }: FlowOptions, folder: string): Promise<FlowPlan> {
  const bareHook = await buildBareHook(join(folder, 'bare-hook'));
  const sender = await buildSender(folder);
  const nsgateModule = join(checkoutRoot, 'kmod', 'nsgate.ko');
  say('generating rulesets');
  const rulesets = { families, sizes: rules, ips, packets: flows } as const;
  const subjects = ['nsgate', 'nft-set', 'nft-linear'] as const;
  const plan = makePlan({ ...rulesets, subjects, folder, bareHook, nsgateModule });
  return { ...plan, sender, trials: plan.trials.map((trial) => withFrames(trial, folder)) };
}

function progressOf(report: FlowReport): string | undefined {
  if (report.kind !== 'flow') return undefined;
  const { family, ip, rules, subject, nanoseconds } = report;
  return `${family} ${rules} rules, IPv${ip}, ${subject}: ${nanoseconds} ns`;
}

function measure(options: FlowOptions): Promise<FlowReport[]> {
  return withFolder(async (folder) => {
    const plan = await makeFlowPlan(options, folder);
    return runGuest<FlowReport>({ program: 'flows.ts', plan, folder, countInstructions: false, progressOf });
  });
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  try {
    demandWritable(options.markdown);
    const reports = await measure(options);
    const page = flowPage(reports, options.flows);
    process.stdout.write(page);
    if (options.markdown !== undefined) writeResults(options.markdown, page);
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    say(error.message);
    process.exitCode = error.status;
  }
}

void main();
