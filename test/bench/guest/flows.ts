// The guest's side of the comparison over many flows: one line of JSON on stdout for each result.
import { readFileSync } from 'node:fs';

import { frameBytes } from '../ethernet-frame';
import type { FlowPlan, FlowReport, FlowTrial } from '../flow-measurement';
import type { Contender } from '../measurement';
import { command } from './command';
import { kernelRelease, type PacketSink, withPacketSink } from './packet-sink';
import { installSubject } from './subject';

/** The quickest run counts: a second processor's work, or a translation in the emulator, costs single runs far more than rules do. */
const leastRuns = 2;
const mostRuns = 100;
const enoughNanoseconds = 5e9;

function say(report: FlowReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** Nanoseconds per packet of the quickest run of all frames; `runs` is how many there were. */
function quickest(sink: PacketSink, sender: string, trial: FlowTrial): { perPacket: number; runs: number } {
  const times: number[] = [];
  let spent = 0;
  while (times.length < leastRuns || (times.length < mostRuns && spent < enoughNanoseconds)) {
    const before = sink.received();
    const time = Number(command(sender, sink.device, trial.frames, String(frameBytes), '1'));
    times.push(time);
    spent += time;
    const arrived = sink.received() - before;
    if (arrived !== trial.packets.length)
      throw new Error(`${arrived} of ${trial.packets.length} packets arrived`);
  }
  return { perPacket: Math.min(...times) / trial.packets.length, runs: times.length };
}

async function measure(plan: FlowPlan, trial: FlowTrial, contender: Contender): Promise<void> {
  const { subject, held, hits } = contender;
  const { family, ip, rules } = trial;
  await withPacketSink(plan.bareHook, (sink) => {
    const bare = quickest(sink, plan.sender, trial);
    const installed = installSubject(contender, { trial, sink, nsgateModule: plan.nsgateModule });
    try {
      const full = quickest(sink, plan.sender, trial);
      installed.verify(hits * full.runs);
      const bareNanoseconds = Math.round(bare.perPacket);
      const nanoseconds = Math.round(full.perPacket - bare.perPacket);
      say({ kind: 'flow', subject, family, ip, rules, held, hits, bareNanoseconds, nanoseconds });
    } finally {
      installed.remove();
    }
  });
}

/** An emulated processor says that it is one: proc(5). */
function processorName(): string {
  return /^model name\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
}

async function main(planFile: string): Promise<void> {
  const plan = JSON.parse(readFileSync(planFile, 'utf8')) as FlowPlan;
  say({ kind: 'machine', kernel: kernelRelease(), processor: processorName() });
  command('modprobe', '-a', 'veth', 'af_packet');
  for (const trial of plan.trials)
    for (const contender of trial.contenders) await measure(plan, trial, contender);
}

void main(process.argv[2] ?? '');
