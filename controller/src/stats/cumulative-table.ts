/**
 * Cumulative counters of many bindings, in columns. A cell is one item (a rule, a hook) of one binding and has `width` values.
 *
 * Theory: what a host reports are values that only rise within an epoch. A cell keeps the highest that was seen of the binding's
 * current epoch, and the total of all rises. A report adds by how much each value is above what was seen: so one that is lost, repeated or
 * overtaken changes nothing in the end. Values are 64 bits and may wrap: `now` is above `seen` when the difference, modulo 2^64, is
 * below 2^63 (serial number arithmetic, RFC 1982). When a binding begins another epoch, what was seen of the one before is
 * put away; the last three are remembered for reports that come late.
 *
 * Example, of one value: epoch 7 reports 10, 15, 12 (late), then epoch 8 reports 4, then epoch 7 reports 16 (late).
 * The total goes 10, 15, 15, 19, 20.
 *
 * A cell takes 4 * 4 + 16 * width bytes in columns, twice that while they have just grown, and 8 to 16 in the index: with three values
 * 72 to 144 bytes. A test of the ledger measures it.
 */
import { CellIndex } from './cell-index';

export interface CumulativeTableOptions {
  /** Values of a cell. */
  readonly width: number;
  readonly maxCells: number;
}

/** What was seen of an epoch that a binding is no longer in. */
interface PastEpoch {
  readonly id: bigint;
  cells: Uint32Array;
  seen: BigUint64Array;
}

interface Binding {
  epoch: bigint | undefined;
  /** Number of the epoch, by which cells tell whether what they have seen is of it. */
  serial: number;
  past: PastEpoch[];
  /** The first of its cells; they are chained. */
  head: number;
}

const NONE = -1;
const FIRST_CAPACITY = 256;
const PAST_EPOCHS = 3;
const HALF = 1n << 63n;

export class CumulativeTable {
  readonly #bindings: Binding[] = [];
  readonly #index = new CellIndex((cell) => [this.#bindingOf[cell] ?? 0, this.#itemOf[cell] ?? 0]);
  #size = 0;
  #bindingOf = new Uint32Array(FIRST_CAPACITY);
  #itemOf = new Uint32Array(FIRST_CAPACITY);
  #serialOf = new Uint32Array(FIRST_CAPACITY);
  #next = new Int32Array(FIRST_CAPACITY);
  #totals: BigUint64Array;
  #seen: BigUint64Array;
  /** By how much the values of the last cell rose. */
  readonly rise: BigUint64Array;

  constructor(private readonly options: CumulativeTableOptions) {
    this.#totals = new BigUint64Array(FIRST_CAPACITY * options.width);
    this.#seen = new BigUint64Array(FIRST_CAPACITY * options.width);
    this.rise = new BigUint64Array(options.width);
  }

  get size(): number {
    return this.#size;
  }

  /** Of the columns, filled or not, and of the index. */
  get bytes(): number {
    const columns = [this.#bindingOf, this.#itemOf, this.#serialOf, this.#next, this.#totals, this.#seen];
    return columns.reduce((sum, { byteLength }) => sum + byteLength, this.#index.bytes);
  }

  bindingOf(cell: number): number {
    return this.#bindingOf[cell] ?? 0;
  }

  itemOf(cell: number): number {
    return this.#itemOf[cell] ?? 0;
  }

  /** What was counted in all epochs. */
  total(cell: number, column: number): bigint {
    return this.#totals[cell * this.options.width + column] ?? 0n;
  }

  /** The cell, made if it is new; undefined when it is new and there is no room. */
  cell(binding: number, item: number): number | undefined {
    const found = this.#index.find(binding, item);
    if (found !== undefined) return found;
    return this.#size < this.options.maxCells ? this.#add(binding, item) : undefined;
  }

  /** The binding reports of this epoch now. Tells whether it was unknown so far. */
  enterEpoch(number: number, epoch: bigint): boolean {
    const binding = this.#binding(number);
    if (binding.epoch === epoch) return false;
    if (binding.past.some(({ id }) => id === epoch)) return false;
    if (binding.epoch !== undefined) {
      binding.past.unshift(this.#putAway(binding, binding.epoch));
      binding.past.length = Math.min(binding.past.length, PAST_EPOCHS);
    }
    binding.epoch = epoch;
    binding.serial += 1;
    return true;
  }

  /**
   * Takes the values of a cell in an epoch that was entered. True when any of them rose: then `rise` says by how much, and the
   * totals are raised.
   */
  take(cell: number, epoch: bigint, values: readonly bigint[]): boolean {
    const binding = this.#binding(this.bindingOf(cell));
    const seen =
      binding.epoch === epoch
        ? this.#currentSeen(cell, binding)
        : pastSeen(binding, epoch, cell, this.rise.length);
    const { columns, at, isFirst } = seen;
    let hasRisen = false;
    for (let column = 0; column < this.rise.length; column++) {
      const now = values[column] ?? 0n;
      const difference = BigInt.asUintN(64, now - (columns[at + column] ?? 0n));
      const rise = isFirst || difference < HALF ? difference : 0n;
      this.rise[column] = rise;
      if (rise === 0n) continue;
      hasRisen = true;
      columns[at + column] = now;
      const total = cell * this.rise.length + column;
      this.#totals[total] = (this.#totals[total] ?? 0n) + rise;
    }
    return hasRisen;
  }

  /** All counters of the binding begin at 0, whatever epochs they name. */
  forgetEpochs(number: number): void {
    const binding = this.#binding(number);
    binding.epoch = undefined;
    binding.past = [];
    binding.serial += 1;
  }

  #binding(number: number): Binding {
    return (this.#bindings[number] ??= { epoch: undefined, serial: 0, past: [], head: NONE });
  }

  #currentSeen(cell: number, { serial }: Binding): Seen {
    const at = cell * this.rise.length;
    const isFirst = this.#serialOf[cell] !== serial;
    if (isFirst) {
      this.#seen.fill(0n, at, at + this.rise.length);
      this.#serialOf[cell] = serial;
    }
    return { columns: this.#seen, at, isFirst };
  }

  #putAway({ head, serial }: Binding, id: bigint): PastEpoch {
    const cells: number[] = [];
    for (let cell = head; cell !== NONE; cell = this.#next[cell] ?? NONE) {
      if (this.#serialOf[cell] === serial) cells.push(cell);
    }
    const { length: width } = this.rise;
    const seen = new BigUint64Array(cells.length * width);
    cells.forEach((cell, i) => seen.set(this.#seen.subarray(cell * width, (cell + 1) * width), i * width));
    return { id, cells: Uint32Array.from(cells), seen };
  }

  #add(number: number, item: number): number {
    if (this.#size === this.#bindingOf.length) this.#grow();
    const cell = this.#size++;
    const binding = this.#binding(number);
    this.#bindingOf[cell] = number;
    this.#itemOf[cell] = item;
    this.#next[cell] = binding.head;
    binding.head = cell;
    this.#index.add(cell);
    return cell;
  }

  #grow(): void {
    const capacity = Math.min(this.#bindingOf.length * 2, this.options.maxCells);
    this.#bindingOf = copyInto(new Uint32Array(capacity), this.#bindingOf);
    this.#itemOf = copyInto(new Uint32Array(capacity), this.#itemOf);
    this.#serialOf = copyInto(new Uint32Array(capacity), this.#serialOf);
    this.#next = copyInto(new Int32Array(capacity), this.#next);
    this.#totals = copyInto(new BigUint64Array(capacity * this.options.width), this.#totals);
    this.#seen = copyInto(new BigUint64Array(capacity * this.options.width), this.#seen);
  }
}

/** Where what was seen of a cell stands; `isFirst`: nothing was so far. */
interface Seen {
  readonly columns: BigUint64Array;
  readonly at: number;
  readonly isFirst: boolean;
}

function pastSeen({ past }: Binding, epoch: bigint, cell: number, width: number): Seen {
  const found = past.find(({ id }) => id === epoch);
  if (found === undefined) throw new Error(`epoch ${epoch} was not entered`);
  const index = found.cells.indexOf(cell);
  if (index >= 0) return { columns: found.seen, at: index * width, isFirst: false };
  found.cells = Uint32Array.from([...found.cells, cell]);
  found.seen = copyInto(new BigUint64Array(found.seen.length + width), found.seen);
  return { columns: found.seen, at: found.seen.length - width, isFirst: true };
}

function copyInto<Column extends { set(from: Column): void }>(to: Column, from: Column): Column {
  to.set(from);
  return to;
}
