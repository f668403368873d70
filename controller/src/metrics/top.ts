/**
 * The greatest so many of what goes by, in bounded memory.
 *
 * Theory: a binary heap with the least of the greatest at its root. What goes by either is below the root, and is let go at once, or takes
 * its place and sinks. Of 3 with at most 2 kept: 5 stays, 9 stays under it, 7 takes the place of 5.
 */
export class Top<Item> {
  readonly #heap: { readonly item: Item; readonly weight: number }[] = [];
  #offered = 0;

  constructor(private readonly limit: number) {}

  /** How many were let go. */
  get leftOut(): number {
    return this.#offered - this.#heap.length;
  }

  /** Of equals, those that came first stay. */
  offer(item: Item, weight: number): void {
    this.#offered += 1;
    if (this.#heap.length < this.limit) this.#rise(this.#heap.push({ item, weight }) - 1);
    else if (weight > (this.#heap[0]?.weight ?? Infinity)) {
      this.#heap[0] = { item, weight };
      this.#sink();
    }
  }

  /** In no order. */
  *items(): Generator<Item> {
    for (const { item } of this.#heap) yield item;
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (this.#weight(parent) <= this.#weight(at)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const least = this.#weight(right) < this.#weight(left) ? right : left;
      if (this.#weight(least) >= this.#weight(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #weight(at: number): number {
    return this.#heap[at]?.weight ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    [this.#heap[a], this.#heap[b]] = [other, one];
  }
}
