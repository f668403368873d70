/** What one report raised, in columns: it is told at once to each who observes, since a call for each counter costs more than what is done in it. */
import { COLUMNS, type CellKind } from './counters';
import { Counts } from './counts';

const FIRST_CAPACITY = 64;

export class Rises {
  /** Values of a cell. */
  readonly width: number;
  /** It was counted before this controller knew of it: at what time cannot be told. */
  isOld = false;
  #size = 0;
  #cells = new Uint32Array(FIRST_CAPACITY);
  #columns: Counts;

  constructor(readonly kind: CellKind) {
    this.width = COLUMNS[kind];
    this.#columns = new Counts(FIRST_CAPACITY * this.width);
  }

  /** How many cells have risen; one may be among them twice. */
  get size(): number {
    return this.#size;
  }

  /** The first `size` of them. */
  get cells(): Uint32Array {
    return this.#cells;
  }

  /** By how much the values rose: `width` of the first cell, of the second, and so on. */
  get columns(): Counts {
    return this.#columns;
  }

  clear(): void {
    this.#size = 0;
  }

  add(cell: number, rise: Counts): void {
    const at = this.#size++;
    if (at === this.#cells.length) this.#grow();
    this.#cells[at] = cell;
    const [to, from] = [this.#columns.words, rise.words];
    const start = 2 * at * this.width;
    for (let word = 0; word < 2 * this.width; word++) to[start + word] = from[word] ?? 0;
  }

  #grow(): void {
    const cells = new Uint32Array(this.#cells.length * 2);
    cells.set(this.#cells);
    this.#cells = cells;
    this.#columns = this.#columns.grown(cells.length * this.width);
  }
}
