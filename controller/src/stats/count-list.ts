/** A list of 64-bit counts that is filled anew for each report, in the same memory. */
import { Counts, HIGH, LOW } from './counts';

const FIRST_CAPACITY = 64;

export class CountList {
  /** How many counts it has: whoever writes words says so. */
  length = 0;
  #counts = new Counts(FIRST_CAPACITY);
  /** As those of Counts; the first `length` pairs are of the list. */
  #words = this.#counts.words;

  static of(values: readonly bigint[]): CountList {
    const list = new CountList();
    list.reserve(values.length);
    list.#counts.values.set(values);
    list.length = values.length;
    return list;
  }

  get words(): Uint32Array {
    return this.#words;
  }

  /** Makes room for so many counts more, and gives the words. */
  reserve(more: number): Uint32Array {
    if (this.length + more > this.#counts.length) {
      this.#counts = this.#counts.grown(2 * (this.length + more));
      this.#words = this.#counts.words;
    }
    return this.#words;
  }

  /** 0 beyond the end. */
  at(index: number): bigint {
    return index < this.length ? this.#counts.at(index) : 0n;
  }

  /** As near as a number comes; 0 beyond the end. */
  numberAt(index: number): number {
    if (index >= this.length) return 0;
    return (this.#words[2 * index + HIGH] ?? 0) * 2 ** 32 + (this.#words[2 * index + LOW] ?? 0);
  }

  /** Copies a count to the place `to` of a row; 0 from beyond the end. */
  copy(index: number, row: Counts, to: number): void {
    const isThere = index < this.length;
    row.words[2 * to] = isThere ? (this.#words[2 * index] ?? 0) : 0;
    row.words[2 * to + 1] = isThere ? (this.#words[2 * index + 1] ?? 0) : 0;
  }
}
