/** The newest sampled packets, newest first, and how many are known to be missing. */
import type { PacketSample } from '../message-types';

export interface TailedPacket extends PacketSample {
  /** Rises with each packet that came. */
  readonly number: number;
}

export class PacketTail {
  #packets: TailedPacket[] = [];
  #came = 0;
  lost = 0;

  constructor(private readonly keep: number) {}

  add(sample: PacketSample): void {
    this.#came += 1;
    this.#packets.push({ ...sample, number: this.#came });
    // Cut in large pieces: cutting one each time would move everything each time.
    if (this.#packets.length > 2 * this.keep) this.#packets = this.#packets.slice(-this.keep);
  }

  clear(): void {
    this.#packets = [];
    this.lost = 0;
  }

  newest(): TailedPacket[] {
    return this.#packets.slice(-this.keep).reverse();
  }
}
