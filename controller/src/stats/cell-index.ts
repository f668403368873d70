/** Finds cells by two numbers: open addressing in one typed array, at most half full. */

const EMPTY = 0;

export class CellIndex {
  /** Cell + 1; a power of two of them. */
  #slots = new Uint32Array(512);
  #size = 0;

  /** `keyOf` tells the two numbers of a cell that was added. */
  constructor(private readonly keyOf: (cell: number) => readonly [number, number]) {}

  get bytes(): number {
    return this.#slots.byteLength;
  }

  find(first: number, second: number): number | undefined {
    const mask = this.#slots.length - 1;
    for (let slot = hash(first, second) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] ?? EMPTY;
      if (entry === EMPTY) return undefined;
      const [a, b] = this.keyOf(entry - 1);
      if (a === first && b === second) return entry - 1;
    }
  }

  /** A cell that is not there yet. */
  add(cell: number): void {
    this.#size += 1;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    this.#place(cell);
  }

  #grow(): void {
    const former = this.#slots;
    this.#slots = new Uint32Array(former.length * 2);
    for (const entry of former) if (entry !== EMPTY) this.#place(entry - 1);
  }

  #place(cell: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(...this.keyOf(cell)) & mask;
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#slots[slot] = cell + 1;
  }
}

/** Multiplications by odd constants, and the finalizer of MurmurHash3 (public domain). */
function hash(first: number, second: number): number {
  let h = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
