// Measures what a packet costs with the bare hook alone, and then with each of a trial's contenders before it.
// A run's cost is that of its start and end, which every run has, plus that of its packets.
import type { Contender, Plan, Report, Trial } from '../measurement';
import { PacketGenerator } from './packet-generator';
import { type PacketSink, withPacketSink } from './packet-sink';
import { installSubject } from './subject';

/** How often each packet is sent in a run, at most. */
const mostRounds = 64;
/** What one run should cost at most, unless a single round costs more. */
const instructionsPerRun = 40_000_000;
/** The cheapest of so many runs counts: timer ticks and the like only ever add. They matter less in runs cut short. */
const repetitions = { full: 6, short: 3 } as const;

interface BareCosts {
  /** Instructions for the start and the end of a run. */
  readonly run: number;
  /** Instructions for a packet. */
  readonly packet: number;
}

interface Runs {
  readonly rounds: number;
  readonly repetitions: number;
}

function cheapest(generator: PacketGenerator, runs: Runs): number {
  return Math.min(...Array.from({ length: runs.repetitions }, () => generator.send(runs.rounds)));
}

async function withGenerator(
  trial: Trial,
  bareHook: string,
  use: (generator: PacketGenerator, sink: PacketSink) => void,
): Promise<void> {
  await withPacketSink(bareHook, (sink) => {
    const generator = new PacketGenerator(sink, trial.packets);
    try {
      generator.send(1); // The first packets also pay for what is set up only once.
      use(generator, sink);
    } finally {
      generator.close();
    }
  });
}

async function measureBare(trial: Trial, bareHook: string): Promise<BareCosts> {
  let costs: BareCosts | undefined;
  await withGenerator(trial, bareHook, (generator) => {
    const whole = cheapest(generator, { rounds: mostRounds, repetitions: repetitions.full });
    const half = cheapest(generator, { rounds: mostRounds / 2, repetitions: repetitions.full });
    const run = 2 * half - whole;
    costs = { run, packet: (whole - run) / (mostRounds * trial.packets.length) };
  });
  if (!costs) throw new Error('the bare hook was not measured');
  return costs;
}

function runsFor(instructionsPerRound: number): Runs {
  let rounds = mostRounds;
  while (rounds > 1 && rounds * instructionsPerRound > instructionsPerRun) rounds /= 2;
  return { rounds, repetitions: rounds === mostRounds ? repetitions.full : repetitions.short };
}

interface Setting {
  readonly trial: Trial;
  readonly plan: Plan;
  readonly bare: BareCosts;
  readonly say: (report: Report) => void;
}

async function measureContender(contender: Contender, { trial, plan, bare, say }: Setting): Promise<void> {
  const { bareHook, nsgateModule } = plan;
  const { subject, held, hits } = contender;
  const { family, rules } = trial;
  await withGenerator(trial, bareHook, (generator, sink) => {
    const installed = installSubject(contender, { trial, sink, nsgateModule });
    try {
      installed.reports.forEach(say);
      const runs = runsFor(generator.send(1) - bare.run);
      const packets = runs.rounds * trial.packets.length;
      const perPacket = (cheapest(generator, runs) - bare.run) / packets;
      installed.verify(hits * (1 + runs.repetitions * runs.rounds));
      const costs = { bare: Math.round(bare.packet), instructions: Math.round(perPacket - bare.packet) };
      say({ kind: 'row', subject, family, rules, held, hits, packets, ...costs });
    } finally {
      installed.remove();
    }
  });
}

/** Measures a trial and reports each result as it comes. */
export async function runTrial(trial: Trial, plan: Plan, say: (report: Report) => void): Promise<void> {
  const bare = await measureBare(trial, plan.bareHook);
  for (const contender of trial.contenders) await measureContender(contender, { trial, plan, bare, say });
}
