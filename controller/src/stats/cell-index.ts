/**
 * Finds cells by two numbers of 32 bits: open addressing in one typed array, at most half full. Cells are numbered as they are added.
 * Reports name what they count in the order of the one before. So the cell behind the one that was found last is looked at first: it
 * stands beside that in memory, and its slot may be anywhere.
 */

const EMPTY = 0;
const FIRST_CAPACITY = 256;

export class CellIndex {
  /** Cell + 1; a power of two of them. */
  #slots = new Uint32Array(2 * FIRST_CAPACITY);
  #first = new Uint32Array(FIRST_CAPACITY);
  #second = new Uint32Array(FIRST_CAPACITY);
  #size = 0;
  /** Cell that is looked at first. */
  #likely = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#first.byteLength + this.#second.byteLength;
  }

  first(cell: number): number {
    return this.#first[cell] ?? 0;
  }

  second(cell: number): number {
    return this.#second[cell] ?? 0;
  }

  /** -1 when there is none. */
  find(first: number, second: number): number {
    const likely = this.#likely;
    const isThat = this.#first[likely] === first && this.#second[likely] === second && likely < this.#size;
    const found = isThat ? likely : this.#search(first, second);
    this.#likely = found + 1;
    return found;
  }

  #search(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(first, second) & mask; ; slot = (slot + 1) & mask) {
      const cell = (this.#slots[slot] ?? EMPTY) - 1;
      if (cell < 0 || (this.#first[cell] === first && this.#second[cell] === second)) return cell;
    }
  }

  /** Gives the cell of numbers that have none yet. */
  add(first: number, second: number): number {
    const cell = this.#size++;
    if (cell === this.#first.length) this.#grow();
    this.#first[cell] = first;
    this.#second[cell] = second;
    this.#place(cell);
    return cell;
  }

  #grow(): void {
    const capacity = this.#first.length * 2;
    const [first, second] = [new Uint32Array(capacity), new Uint32Array(capacity)];
    first.set(this.#first);
    second.set(this.#second);
    [this.#first, this.#second] = [first, second];
    this.#slots = new Uint32Array(capacity * 2);
    for (let cell = 0; cell < this.#size - 1; cell++) this.#place(cell);
  }

  #place(cell: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(this.first(cell), this.second(cell)) & mask;
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
