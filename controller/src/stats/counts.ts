/**
 * A column of 64-bit counts that can be worked on without a BigInt for each: those cost an allocation, and counts rise by the hundred
 * thousand a second.
 *
 * Theory: the same memory is seen as 64-bit values and as pairs of 32-bit words. A sum adds the low words; when it does not fit them, one
 * is carried to the high ones. Sums wrap at 2^64, as those of BigUint64Array do.
 */

/** Which word of a pair is the low one, on this machine. */
export const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
export const HIGH = 1 - LOW;

const TWO_32 = 2 ** 32;

export class Counts {
  readonly values: BigUint64Array;
  readonly words: Uint32Array;

  constructor(length: number) {
    this.values = new BigUint64Array(length);
    this.words = new Uint32Array(this.values.buffer);
  }

  static of(values: readonly bigint[]): Counts {
    const counts = new Counts(values.length);
    counts.values.set(values);
    return counts;
  }

  get length(): number {
    return this.values.length;
  }

  /** 0 beyond the end. */
  at(index: number): bigint {
    return this.values[index] ?? 0n;
  }

  /** Adds `from[index]` to the count at `at`. */
  add(at: number, from: Counts, index: number): void {
    const [to, other] = [this.words, from.words];
    const [low, high] = [2 * at + LOW, 2 * at + HIGH];
    const sum = (to[low] ?? 0) + (other[2 * index + LOW] ?? 0);
    to[low] = sum;
    to[high] = (to[high] ?? 0) + (other[2 * index + HIGH] ?? 0) + (sum >= TWO_32 ? 1 : 0);
  }

  /** The same counts, with room for more. */
  grown(length: number): Counts {
    const counts = new Counts(length);
    counts.values.set(this.values);
    return counts;
  }
}
