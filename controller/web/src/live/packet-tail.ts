/** The newest sampled packets, newest first, and how many are known to be missing. */
import type { PacketSample } from '../message-types';

export interface TailedPacket extends PacketSample {
  /** Rises with each packet that came. */
  readonly number: number;
}

export class PacketTail {
  #packets: TailedPacket[] = [];
  #came = 0;
  #lost = 0;
  /** What is shown while paused. */
  #frozen: { readonly packets: readonly TailedPacket[]; readonly came: number } | undefined;

  constructor(private readonly keep: number) {}

  /** Samples that were lost on the way, since the beginning of the stream. */
  get lost(): number {
    return this.#lost;
  }

  get isPaused(): boolean {
    return this.#frozen !== undefined;
  }

  /** How many have come while paused. */
  get waiting(): number {
    return this.#frozen === undefined ? 0 : this.#came - this.#frozen.came;
  }

  add(sample: PacketSample): void {
    this.#came += 1;
    this.#packets.push({ ...sample, number: this.#came });
    // Cut in large pieces: cutting one each time would move everything each time.
    if (this.#packets.length > 2 * this.keep) this.#packets = this.#packets.slice(-this.keep);
  }

  addLost(count: number): void {
    this.#lost += count;
  }

  /** A stream begins. What is paused stays. */
  clear(): void {
    this.#packets = [];
    this.#lost = 0;
  }

  pause(): void {
    this.#frozen ??= { packets: this.shown(), came: this.#came };
  }

  follow(): void {
    this.#frozen = undefined;
  }

  /** At most as many as are kept, newest first. */
  shown(): readonly TailedPacket[] {
    return this.#frozen?.packets ?? this.#packets.slice(-this.keep).reverse();
  }
}
