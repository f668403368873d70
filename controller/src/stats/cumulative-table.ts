/**
 * Cumulative counters of many bindings, in columns. A cell is one item (a rule, a hook) of one binding and has `width` values.
 *
 * Theory: what a host reports are values that only rise within an epoch. A cell keeps the highest that was seen of the binding's
 * current epoch, and the total of all rises. A report adds by how much each value is above what was seen: so one that is lost, repeated or
 * overtaken changes nothing in the end. Values are 64 bits and may wrap: `now` is above `seen` when the difference, modulo 2^64, is
 * below 2^63 (serial number arithmetic, RFC 1982). When a binding begins another epoch, what was seen of the one before is
 * put away; the last three are remembered for reports that come late. Of earlier ones no more is known than that they were: they count
 * no more.
 *
 * Example, of one value: epoch 7 reports 10, 15, 12 (late), then epoch 8 reports 4, then epoch 7 reports 16 (late).
 * The total goes 10, 15, 15, 19, 20.
 *
 * A cell takes 8 + 16 * width bytes in columns and 16 in the index, and twice that while they have just grown: with three values
 * 72 to 144 bytes. A test of the ledger measures it.
 */
import { CellIndex } from './cell-index';
import { Counts, HIGH, LOW } from './counts';

export interface CumulativeTableOptions {
  /** Values of a cell. */
  readonly width: number;
  readonly maxCells: number;
}

/** What was seen of an epoch that a binding is no longer in. */
interface PastEpoch {
  readonly id: bigint;
  cells: Uint32Array;
  seen: Counts;
}

interface Binding {
  epoch: bigint | undefined;
  /** Number of the epoch, by which cells tell whether what they have seen is of it. */
  serial: number;
  past: PastEpoch[];
  /** What came before those, oldest first. */
  forgotten: Set<bigint>;
  /** The first of its cells; they are chained. */
  head: number;
}

const NONE = -1;
const FIRST_CAPACITY = 256;
const PAST_EPOCHS = 3;
/** As many ended bindings as a kernel tells again to whoever asks anew. */
const FORGOTTEN_EPOCHS = 1024;
const TWO_32 = 2 ** 32;
/** Of a high word: from here on, a difference is one backwards. */
const HALF = 2 ** 31;

export class CumulativeTable {
  readonly #bindings: Binding[] = [];
  /** By binding and item. */
  readonly #index = new CellIndex();
  #serialOf = new Uint32Array(FIRST_CAPACITY);
  #next = new Int32Array(FIRST_CAPACITY);
  #totals: Counts;
  #seen: Counts;
  /** By how much the values of the last cell rose. */
  readonly rise: Counts;

  constructor(private readonly options: CumulativeTableOptions) {
    this.#totals = new Counts(FIRST_CAPACITY * options.width);
    this.#seen = new Counts(FIRST_CAPACITY * options.width);
    this.rise = new Counts(options.width);
  }

  get size(): number {
    return this.#index.size;
  }

  /** Of the columns, filled or not, and of the index. */
  get bytes(): number {
    const columns = [this.#serialOf, this.#next, this.#totals.values, this.#seen.values];
    return columns.reduce((sum, { byteLength }) => sum + byteLength, this.#index.bytes);
  }

  bindingOf(cell: number): number {
    return this.#index.first(cell);
  }

  itemOf(cell: number): number {
    return this.#index.second(cell);
  }

  /** What was counted in all epochs. */
  total(cell: number, column: number): bigint {
    return this.#totals.at(cell * this.options.width + column);
  }

  /** Into a row of `width` values. */
  copyTotal(cell: number, row: Counts): void {
    const start = 2 * cell * this.options.width;
    for (let word = 0; word < 2 * this.options.width; word++)
      row.words[word] = this.#totals.words[start + word] ?? 0;
  }

  /** The cell, made if it is new; undefined when it is new and there is no room. */
  cell(binding: number, item: number): number | undefined {
    const found = this.#index.find(binding, item);
    if (found >= 0) return found;
    return this.size < this.options.maxCells ? this.#add(binding, item) : undefined;
  }

  /** The binding reports of this epoch now. Tells whether it was unknown so far. */
  enterEpoch(number: number, epoch: bigint): boolean {
    const binding = this.#binding(number);
    if (binding.epoch === epoch) return false;
    if (binding.forgotten.has(epoch) || binding.past.some(({ id }) => id === epoch)) return false;
    if (binding.epoch !== undefined) {
      binding.past.unshift(this.#putAway(binding, binding.epoch));
      if (binding.past.length > PAST_EPOCHS) forgetOldest(binding);
    }
    binding.epoch = epoch;
    binding.serial += 1;
    return true;
  }

  /**
   * Takes the values of a cell in an epoch that was entered. True when any of them rose: then `rise` says by how much, and the
   * totals are raised.
   */
  take(cell: number, epoch: bigint, values: Counts): boolean {
    const binding = this.#binding(this.bindingOf(cell));
    if (binding.epoch === epoch) {
      const isFirst = this.#beginEpoch(cell, binding);
      return this.#raise(cell, values, { seen: this.#seen, at: cell * this.rise.length, isFirst });
    }
    const seen = pastSeen(binding, epoch, cell, this.rise.length);
    if (seen !== undefined) return this.#raise(cell, values, seen);
    this.rise.values.fill(0n);
    return false;
  }

  /** Raises one total by what has been counted elsewhere; `rise` says so. */
  raise(cell: number, column: number, by: bigint): void {
    this.rise.values.fill(0n);
    this.rise.values[column] = by;
    this.#totals.add(cell * this.rise.length + column, this.rise, column);
  }

  /** All counters of the binding begin at 0, whatever epochs they name. */
  forgetEpochs(number: number): void {
    const binding = this.#binding(number);
    binding.epoch = undefined;
    binding.past = [];
    binding.forgotten.clear();
    binding.serial += 1;
  }

  #binding(number: number): Binding {
    return (this.#bindings[number] ??= {
      ...{ epoch: undefined, serial: 0, past: [], forgotten: new Set(), head: NONE },
    });
  }

  /** Whether the cell has no values of the binding's epoch yet: what it has seen is then 0. */
  #beginEpoch(cell: number, { serial }: Binding): boolean {
    if (this.#serialOf[cell] === serial) return false;
    const at = cell * this.rise.length;
    this.#seen.values.fill(0n, at, at + this.rise.length);
    this.#serialOf[cell] = serial;
    return true;
  }

  /** 64-bit differences by their words; see counts.ts. */
  #raise(cell: number, { words: now }: Counts, { seen, at, isFirst }: Seen): boolean {
    const width = this.rise.length;
    const [{ words: rise }, { words: before }] = [this.rise, seen];
    let hasRisen = false;
    for (let column = 0; column < width; column++) {
      const [low, high] = [2 * column + LOW, 2 * column + HIGH];
      const lowRise = (now[low] ?? 0) - (before[2 * at + low] ?? 0);
      const highRise = ((now[high] ?? 0) - (before[2 * at + high] ?? 0) - (lowRise < 0 ? 1 : 0)) >>> 0;
      const isRise = (lowRise !== 0 || highRise !== 0) && (isFirst || highRise < HALF);
      rise[low] = isRise ? (lowRise + TWO_32) % TWO_32 : 0;
      rise[high] = isRise ? highRise : 0;
      if (!isRise) continue;
      hasRisen = true;
      before[2 * at + low] = now[low] ?? 0;
      before[2 * at + high] = now[high] ?? 0;
      this.#totals.add(cell * width + column, this.rise, column);
    }
    return hasRisen;
  }

  #putAway({ head, serial }: Binding, id: bigint): PastEpoch {
    const cells: number[] = [];
    for (let cell = head; cell !== NONE; cell = this.#next[cell] ?? NONE) {
      if (this.#serialOf[cell] === serial) cells.push(cell);
    }
    const { length: width } = this.rise;
    const seen = new Counts(cells.length * width);
    const ofCell = (cell: number): BigUint64Array =>
      this.#seen.values.subarray(cell * width, (cell + 1) * width);
    cells.forEach((cell, i) => seen.values.set(ofCell(cell), i * width));
    return { id, cells: Uint32Array.from(cells), seen };
  }

  #add(number: number, item: number): number {
    if (this.size === this.#serialOf.length) this.#grow();
    const cell = this.#index.add(number, item);
    const binding = this.#binding(number);
    this.#next[cell] = binding.head;
    binding.head = cell;
    return cell;
  }

  #grow(): void {
    const capacity = Math.min(this.#serialOf.length * 2, this.options.maxCells);
    this.#serialOf = copyInto(new Uint32Array(capacity), this.#serialOf);
    this.#next = copyInto(new Int32Array(capacity), this.#next);
    this.#totals = this.#totals.grown(capacity * this.options.width);
    this.#seen = this.#seen.grown(capacity * this.options.width);
  }
}

/** Where what was seen of a cell stands; `isFirst`: nothing was so far. */
interface Seen {
  readonly seen: Counts;
  readonly at: number;
  readonly isFirst: boolean;
}

function forgetOldest({ past, forgotten }: Binding): void {
  const oldest = past.pop();
  if (oldest !== undefined) forgotten.add(oldest.id);
  for (const id of forgotten) {
    if (forgotten.size <= FORGOTTEN_EPOCHS) return;
    forgotten.delete(id);
  }
}

/** Undefined of an epoch that is forgotten. */
function pastSeen({ past }: Binding, epoch: bigint, cell: number, width: number): Seen | undefined {
  const found = past.find(({ id }) => id === epoch);
  if (found === undefined) return undefined;
  const index = found.cells.indexOf(cell);
  if (index >= 0) return { seen: found.seen, at: index * width, isFirst: false };
  const at = found.cells.length * width;
  found.cells = Uint32Array.from([...found.cells, cell]);
  found.seen = found.seen.grown(at + width);
  return { seen: found.seen, at, isFirst: true };
}

function copyInto<Column extends { set(from: Column): void }>(to: Column, from: Column): Column {
  to.set(from);
  return to;
}
