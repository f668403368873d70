// Measures what a packet costs with the bare hook alone, and with each of a trial's contenders before it.
// A run's cost is that of its start and end, which every run has, plus that of its packets.
import type { Contender, Plan, Report, Trial } from '../measurement';
import { PacketGenerator } from './packet-generator';
import { type PacketSink, withPacketSink } from './packet-sink';
import { installSubject } from './subject';

/** How often each packet is sent in a run, at most. */
const mostRounds = 64;
/** What one run should cost at most, unless a single round costs more. */
const instructionsPerRun = 40_000_000;
/** The cheapest of so many runs counts: timers and the like only ever add. They matter less in runs cut short. */
const repetitions = { bare: 12, full: 6, short: 3 } as const;
/** pktgen's threads look for orders every 100 ms; runs that start at different points of that meet different timers. */
const pauseMilliseconds = 17;

/** What runs cost with the bare hook alone. */
export interface BareCosts {
  /** Instructions for the start and the end of a run. */
  readonly run: number;
  /** Instructions for a packet. */
  readonly packet: number;
}

interface Runs {
  readonly rounds: number;
  readonly repetitions: number;
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMilliseconds);
}

function cheapest(generator: PacketGenerator, runs: Runs): number {
  const costs = Array.from({ length: runs.repetitions }, () => {
    pause();
    return generator.send(runs.rounds);
  });
  return Math.min(...costs);
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

/** Measures the bare hook alone; what that costs does not depend on what is in the packets. */
export async function measureBare(trial: Trial, bareHook: string): Promise<BareCosts> {
  let costs: BareCosts | undefined;
  await withGenerator(trial, bareHook, (generator) => {
    const whole = cheapest(generator, { rounds: mostRounds, repetitions: repetitions.bare });
    const half = cheapest(generator, { rounds: mostRounds / 2, repetitions: repetitions.bare });
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

/** What is the same for all trials. */
export interface Setting {
  readonly plan: Plan;
  readonly bare: BareCosts;
  readonly say: (report: Report) => void;
}

async function measureContender(trial: Trial, contender: Contender, setting: Setting): Promise<void> {
  const { plan, bare, say } = setting;
  const { subject, held, hits } = contender;
  const { family, rules } = trial;
  await withGenerator(trial, plan.bareHook, (generator, sink) => {
    const installed = installSubject(contender, { trial, sink, nsgateModule: plan.nsgateModule });
    try {
      installed.reports.forEach(say);
      const runs = runsFor(generator.send(1) - bare.run);
      const packets = runs.rounds * trial.packets.length;
      const perPacket = (cheapest(generator, runs) - bare.run) / packets;
      installed.verify(hits * (1 + runs.repetitions * runs.rounds));
      const instructions = Math.round(perPacket - bare.packet);
      say({ kind: 'row', subject, family, rules, held, hits, packets, instructions });
    } finally {
      installed.remove();
    }
  });
}

/** Measures a trial's contenders and reports each result as it comes. */
export async function runTrial(trial: Trial, setting: Setting): Promise<void> {
  for (const contender of trial.contenders) await measureContender(trial, contender, setting);
}
