/** Sampled packets of the fleet: the last of them, and whoever listens. */
import type { ConnectionState, TcpFlag } from '../model/match';
import type { Hook, RuleAction } from '../model/policy';

/** A packet that a rule with logging, or a default verdict with logging, sampled. */
export interface SampledPacket {
  /** By the host's clock, for people. */
  readonly time: Date | undefined;
  readonly hostId: string;
  readonly namespace: string;
  readonly hook: Hook;
  /** Of the rule, or of the policy that states the default verdict; empty when it is not known. */
  readonly policy: string;
  /** Empty for the default verdict. */
  readonly ruleId: string;
  readonly isDefault: boolean;
  readonly verdict: RuleAction['kind'];
  readonly shadow: boolean;
  /** 4 or 16 bytes in network order. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  /** 0 where the protocol has none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Bytes from the network header on. */
  readonly length: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly tcpFlags: readonly TcpFlag[];
  readonly state: ConnectionState | undefined;
  readonly mark: number;
  readonly inInterface: string;
  readonly outInterface: string;
  /** Packets that the same rule matched since its last sample and that were not sampled. */
  readonly suppressed: bigint;
  readonly fragment: boolean;
  readonly malformed: boolean;
}

/** Told of every packet, and of how many of a host were lost. */
export type PacketListener = (
  told: { readonly packet: SampledPacket } | { readonly lost: bigint; readonly hostId: string },
) => void;

/** Of the whole fleet. */
export const MAX_HELD = 16_384;

export class PacketLog {
  readonly #ring: SampledPacket[] = [];
  /** Place of the oldest, once the ring is full. */
  #oldest = 0;
  readonly #listeners = new Set<PacketListener>();

  constructor(private readonly limit = MAX_HELD) {}

  report(hostId: string, packets: readonly SampledPacket[], lost: bigint): void {
    if (lost > 0n) for (const listener of this.#listeners) listener({ lost, hostId });
    for (const packet of packets) {
      this.#keep(packet);
      for (const listener of this.#listeners) listener({ packet });
    }
  }

  /** The last `count` that pass, oldest first. */
  last(count: number, passes: (packet: SampledPacket) => boolean): SampledPacket[] {
    const found: SampledPacket[] = [];
    for (let age = 1; age <= this.#ring.length && found.length < count; age++) {
      const packet = this.#ring[(this.#oldest - age + 2 * this.#ring.length) % this.#ring.length];
      if (packet !== undefined && passes(packet)) found.push(packet);
    }
    return found.reverse();
  }

  /** Gives what ends it. */
  listen(listener: PacketListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #keep(packet: SampledPacket): void {
    if (this.#ring.length < this.limit) {
      this.#ring.push(packet);
      return;
    }
    this.#ring[this.#oldest] = packet;
    this.#oldest = (this.#oldest + 1) % this.limit;
  }
}
