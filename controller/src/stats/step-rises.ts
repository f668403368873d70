/**
 * By how much the cells of one kind rose in a step, under as many names as there is room for: those of every cell, or, of more than MAX_ROWS,
 * without namespaces, or, of too many still, without hosts. So a step takes no more memory and time than its rows, however many cells rise.
 */
import { CellIndex } from './cell-index';
import type { CounterLedger } from './counter-ledger';
import { COLUMNS, type CellKind } from './counters';
import { Counts } from './counts';
import { MAX_ROWS, type HistoryRow } from './history-step';
import type { Rises } from './rises';

/** By what sums are told apart. */
type Detail = 'cells' | 'hosts' | 'items';

const LESS: Readonly<Record<Detail, Detail | undefined>> = {
  cells: 'hosts',
  hosts: 'items',
  items: undefined,
};
const FIRST_CAPACITY = 256;

export class StepRises {
  readonly #width: number;
  #detail: Detail = 'cells';
  #index = new CellIndex();
  /** By sum: a cell that is in it. */
  #cells: number[] = [];
  #sums: Counts;

  constructor(
    private readonly kind: CellKind,
    private readonly ledger: CounterLedger,
  ) {
    this.#width = COLUMNS[kind];
    this.#sums = new Counts(FIRST_CAPACITY * this.#width);
  }

  note({ size, cells, columns }: Readonly<Rises>): void {
    for (let i = 0; i < size; i++) this.#add(cells[i] ?? 0, columns, i);
  }

  rows(): HistoryRow[] {
    return this.#cells.map((cell, at) => this.#row(cell, at));
  }

  #add(cell: number, from: Counts, index: number): void {
    const to = this.#sumOf(cell) * this.#width;
    for (let column = 0; column < this.#width; column++)
      this.#sums.add(to + column, from, index * this.#width + column);
  }

  #sumOf(cell: number): number {
    const isCell = this.#detail === 'cells';
    const item = isCell ? 0 : this.ledger.itemOf(this.kind, cell);
    const place = isCell ? cell : this.#detail === 'hosts' ? this.ledger.hostNumber(this.kind, cell) : 0;
    const found = this.#index.find(place, item);
    if (found >= 0) return found;
    const less = LESS[this.#detail];
    if (this.#cells.length < MAX_ROWS || less === undefined) return this.#newSum(cell, place, item);
    this.#fold(less);
    return this.#sumOf(cell);
  }

  #newSum(cell: number, place: number, item: number): number {
    if ((this.#cells.length + 1) * this.#width > this.#sums.length) {
      this.#sums = this.#sums.grown(2 * this.#sums.length);
    }
    this.#cells.push(cell);
    return this.#index.add(place, item);
  }

  #fold(detail: Detail): void {
    const [cells, sums] = [this.#cells, this.#sums];
    this.#detail = detail;
    this.#index = new CellIndex();
    this.#cells = [];
    this.#sums = new Counts(FIRST_CAPACITY * this.#width);
    for (const [at, cell] of cells.entries()) this.#add(cell, sums, at);
  }

  #row(cell: number, at: number): HistoryRow {
    const { kind, ledger } = this;
    const { policy, ruleId } = kind === 'rule' ? ledger.ruleOf(cell) : { policy: '', ruleId: '' };
    const hook = kind === 'hook' ? ledger.hookOf(cell) : undefined;
    const { hostId, namespace } = ledger.place(kind, cell);
    return {
      ...{ kind, policy, ruleId, hook },
      hostId: this.#detail === 'items' ? '' : hostId,
      namespace: this.#detail === 'cells' ? namespace : '',
      columns: [...this.#sums.values.subarray(at * this.#width, (at + 1) * this.#width)],
    };
  }
}
