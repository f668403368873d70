/** Sampled packets until a controller takes them: named as people know them, bounded, and every loss counted. */
import type { Hook, KernelEvent } from '../kernel-device';
import type { BootClock } from './boot-clock';

export type PacketEvent = Extract<KernelEvent, { type: 'packet' }>;

/** A sampled packet, and what the kernel does not know of it. */
export interface PacketSample {
  /** By the wall clock, for people. */
  time: Date;
  namespace: string;
  /** For the default verdict: name of the policy that states it, where that is known. */
  defaultPolicy: string | undefined;
  packet: PacketEvent;
}

export interface PacketSamplesOptions {
  clock: BootClock;
  /** Names of namespaces by birth id, as they are now. */
  names: () => ReadonlyMap<bigint, string>;
  /** Name of the policy that states a default verdict. */
  authorOfDefault: (namespace: string, hook: Hook) => string | undefined;
  /** How many wait for a controller; 4096 when left out. */
  limit?: number;
}

const LIMIT = 4096;

export class PacketSamples {
  #waiting: PacketSample[] = [];
  #lost = 0n;

  constructor(private readonly options: PacketSamplesOptions) {}

  /** Keeps the newest; `lost`: events that the kernel's ring had no room for. */
  note(packets: readonly PacketEvent[], lost: bigint): void {
    this.options.clock.look();
    const names = packets.length === 0 ? new Map<bigint, string>() : this.options.names();
    for (const packet of packets) this.#waiting.push(this.#sample(packet, names));
    this.#lost += lost;
    const surplus = this.#waiting.length - (this.options.limit ?? LIMIT);
    if (surplus <= 0) return;
    this.#waiting.splice(0, surplus);
    this.#lost += BigInt(surplus);
  }

  /** Takes what waits, oldest first, and how many were lost since the last time. */
  take(): { packets: PacketSample[]; lost: bigint } {
    const taken = { packets: this.#waiting, lost: this.#lost };
    this.#waiting = [];
    this.#lost = 0n;
    return taken;
  }

  #sample(packet: PacketEvent, names: ReadonlyMap<bigint, string>): PacketSample {
    const { clock, authorOfDefault } = this.options;
    const namespace = names.get(packet.birth) ?? `inode:${packet.inode}`;
    const defaultPolicy = packet.ruleId === 0n ? authorOfDefault(namespace, packet.hook) : undefined;
    return { time: clock.wallTime(packet.time), namespace, defaultPolicy, packet };
  }
}
