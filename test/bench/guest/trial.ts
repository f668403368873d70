// Measures what a packet costs with the bare hook alone, and with each of a trial's contenders before it.
// A run's cost is that of its start and end, which every run has, plus that of its packets.
import type { Contender, Plan, Report, Trial } from '../measurement';
import type { Ip } from '../rule';
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
    const generator = new PacketGenerator(sink, trial.packets, trial.ip);
    try {
      generator.send(1); // The first packets also pay for what is set up only once.
      use(generator, sink);
    } finally {
      generator.close();
    }
  });
}

/** Measures the bare hook alone; what that costs does not depend on what is in the packets, but on the version of IP. */
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

/** What tells how long runs may be: one that meets the kernel at other work must not make them all short. */
const sample: Runs = { rounds: 1, repetitions: repetitions.short };

function runsFor(instructionsPerRound: number): Runs {
  let rounds = mostRounds;
  while (rounds > 1 && rounds * instructionsPerRound > instructionsPerRun) rounds /= 2;
  return { rounds, repetitions: rounds === mostRounds ? repetitions.full : repetitions.short };
}

/** What is the same for all trials. */
export interface Setting {
  readonly plan: Plan;
  /** By version of IP. */
  readonly bare: ReadonlyMap<Ip, BareCosts>;
  readonly say: (report: Report) => void;
}

/** What goes through a generator's sink, with a contender in place and without it. */
interface Comparison {
  readonly trial: Trial;
  readonly contender: Contender;
  readonly generator: PacketGenerator;
  readonly sink: PacketSink;
  readonly bare: BareCosts;
}

/**
 * Runs with the contender in place; `measure` gets what tells how many rounds there were.
 * @returns what `measure` does
 */
function withContender<Result>(
  { trial, contender, sink }: Comparison,
  { plan, say }: Setting,
  measure: (verify: (rounds: number) => void) => Result,
): Result {
  const installed = installSubject(contender, { trial, sink, nsgateModule: plan.nsgateModule });
  try {
    installed.reports.forEach(say);
    return measure((rounds) => installed.verify(contender.hits * rounds));
  } finally {
    installed.remove();
  }
}

interface Cost {
  readonly packets: number;
  readonly instructions: number;
}

function costAboveBare(comparison: Comparison, setting: Setting): Cost {
  const { trial, generator, bare } = comparison;
  return withContender(comparison, setting, (verify) => {
    const runs = runsFor(cheapest(generator, sample) - bare.run);
    const packets = runs.rounds * trial.packets.length;
    const perPacket = (cheapest(generator, runs) - bare.run) / packets;
    verify(sample.repetitions + runs.repetitions * runs.rounds);
    return { packets, instructions: Math.round(perPacket - bare.packet) };
  });
}

/** How often the module comes and goes while a namespace is measured that is none of its. */
const turns = 4;

/**
 * What a namespace pays that is none of the module's: nothing, if all is well, so this is measured to a fraction of an
 * instruction. The same runs in one namespace, without the module and with it in turn, as many of each: the cheapest of
 * more runs is less likely to have met a timer.
 */
function costOfBeingUnmanaged(comparison: Comparison, setting: Setting): Cost {
  const { trial, generator } = comparison;
  const runs = { rounds: mostRounds, repetitions: repetitions.bare };
  const packets = runs.rounds * trial.packets.length;
  let without = Infinity;
  let loaded = Infinity;
  for (let turn = 0; turn < turns; turn++) {
    without = Math.min(without, cheapest(generator, runs));
    withContender(comparison, setting, (verify) => {
      loaded = Math.min(loaded, cheapest(generator, runs));
      verify(0);
    });
  }
  return { packets, instructions: Math.round((loaded - without) / packets) };
}

async function measureContender(trial: Trial, contender: Contender, setting: Setting): Promise<void> {
  const { subject, held, hits } = contender;
  const { family, ip, rules } = trial;
  const bare = setting.bare.get(ip);
  if (!bare) throw new Error(`the bare hook was not measured for IPv${ip}`);
  const measure = subject === 'unmanaged' ? costOfBeingUnmanaged : costAboveBare;
  await withGenerator(trial, setting.plan.bareHook, (generator, sink) => {
    const cost = measure({ trial, contender, generator, sink, bare }, setting);
    setting.say({ kind: 'row', subject, family, ip, rules, held, hits, ...cost });
  });
}

/** Measures a trial's contenders and reports each result as it comes. */
export async function runTrial(trial: Trial, setting: Setting): Promise<void> {
  for (const contender of trial.contenders) await measureContender(trial, contender, setting);
}
