/** By how much the cells of one kind rose in a step, and their sums under fewer names. */
import { CellIndex } from './cell-index';
import type { CounterLedger } from './counter-ledger';
import { COLUMNS, type CellKind } from './counters';
import { Counts } from './counts';
import { MAX_ROWS, type HistoryRow } from './history-step';
import type { Rises } from './rises';

/** Cells that are worked on before others get their turn. */
const SLICE = 20_000;

export class StepRises {
  readonly #width: number;
  #sums: Counts;
  #hasRisen = new Uint8Array(256);
  #cells: number[] = [];

  constructor(
    private readonly kind: CellKind,
    private readonly ledger: CounterLedger,
  ) {
    this.#width = COLUMNS[kind];
    this.#sums = new Counts(256 * this.#width);
  }

  note({ size, cells, columns }: Readonly<Rises>): void {
    for (let i = 0; i < size; i++) {
      const cell = cells[i] ?? 0;
      if (cell >= this.#hasRisen.length) this.#grow(cell);
      if (this.#hasRisen[cell] === 0) {
        this.#hasRisen[cell] = 1;
        this.#cells.push(cell);
      }
      for (let column = 0; column < this.#width; column++)
        this.#sums.add(cell * this.#width + column, columns, i * this.#width + column);
    }
  }

  /** With too many cells, under fewer names: see MAX_ROWS. Yields now and then. */
  *rows(): Generator<undefined, HistoryRow[]> {
    if (this.#cells.length <= MAX_ROWS) {
      return this.#cells.map((cell) => this.#row(cell, { sums: this.#sums, at: cell }));
    }
    const byHost = yield* this.#fold((cell) => this.ledger.hostNumber(this.kind, cell) + 1);
    return byHost ?? (yield* this.#fold(() => NO_HOST)) ?? [];
  }

  /** For the next step. */
  clear(): void {
    for (const cell of this.#cells) {
      this.#hasRisen[cell] = 0;
      this.#sums.values.fill(0n, cell * this.#width, (cell + 1) * this.#width);
    }
    this.#cells = [];
  }

  /** Sums without namespaces; undefined when there are too many, and hosts can be left out as well. */
  *#fold(hostOf: (cell: number) => number): Generator<undefined, HistoryRow[] | undefined> {
    const [index, first] = [new CellIndex(), [] as number[]];
    let sums = new Counts(256 * this.#width);
    for (const [i, cell] of this.#cells.entries()) {
      if (i % SLICE === SLICE - 1) yield;
      const [host, item] = [hostOf(cell), this.ledger.itemOf(this.kind, cell)];
      let at = index.find(host, item);
      if (at < 0) {
        if (index.size === MAX_ROWS && host !== NO_HOST) return undefined;
        at = index.add(host, item);
        first.push(cell);
        if ((at + 1) * this.#width > sums.length) sums = sums.grown(2 * sums.length);
      }
      for (let column = 0; column < this.#width; column++)
        sums.add(at * this.#width + column, this.#sums, cell * this.#width + column);
    }
    return first.map((cell, at) => ({
      ...this.#row(cell, { sums, at }),
      ...{ namespace: '', ...(index.first(at) === NO_HOST && { hostId: '' }) },
    }));
  }

  #row(cell: number, { sums, at }: { sums: Counts; at: number }): HistoryRow {
    const { kind, ledger } = this;
    const { policy, ruleId } = kind === 'rule' ? ledger.ruleOf(cell) : { policy: '', ruleId: '' };
    const hook = kind === 'hook' ? ledger.hookOf(cell) : undefined;
    const columns = [...sums.values.subarray(at * this.#width, (at + 1) * this.#width)];
    return { kind, ...ledger.place(kind, cell), policy, ruleId, hook, columns };
  }

  #grow(cell: number): void {
    const capacity = Math.max(2 * this.#hasRisen.length, cell + 1);
    const hasRisen = new Uint8Array(capacity);
    hasRisen.set(this.#hasRisen);
    this.#hasRisen = hasRisen;
    this.#sums = this.#sums.grown(capacity * this.#width);
  }
}

const NO_HOST = 0;
