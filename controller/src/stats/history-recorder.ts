/** Notes down, step by step, by how much counters rise. */
import type { Hook } from '../model/policy';
import type { CellKind, CounterLedger, Place, Rise } from './counter-ledger';
import { RESOLUTIONS, type HistoryStore } from './history-store';
import { MAX_ROWS, type HistoryRow } from './history-step';
import type { RuleDirectory } from './rule-directory';

export interface HistoryRecorderOptions {
  readonly ledger: CounterLedger;
  readonly rules: RuleDirectory;
  readonly store: HistoryStore;
  /** Told what could not be kept; recording goes on. */
  readonly onFault: (error: unknown) => void;
  readonly now?: () => number;
}

const STEP_MS = RESOLUTIONS[0].stepMs;

export class HistoryRecorder {
  /** Rises of the step, by cell. */
  readonly #rises: Readonly<Record<CellKind, Map<number, bigint[]>>> = { rule: new Map(), hook: new Map() };
  readonly #now: () => number;
  #unsubscribe: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: HistoryRecorderOptions) {
    this.#now = options.now ?? Date.now;
  }

  start(): void {
    for (const [key, at] of this.options.store.loadHits()) this.options.rules.noteHit(key, at);
    this.options.rules.takeFreshHits();
    this.#unsubscribe = this.options.ledger.observe((rise) => this.#note(rise));
    this.#schedule();
  }

  /** What the step has so far is kept. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
    this.flush();
  }

  /** Ends the step. */
  flush(): void {
    const rows = [...this.#takeRows('rule'), ...this.#takeRows('hook')];
    try {
      if (rows.length > 0) this.options.store.add(Math.ceil(this.#now() / STEP_MS) * STEP_MS, rows);
      const hits = this.options.rules.takeFreshHits();
      if (hits.length > 0) this.options.store.saveHits(hits);
    } catch (error) {
      this.options.onFault(error);
    }
  }

  /** Just before the step ends, so that what is noted stands under its end. */
  #schedule(): void {
    const left = STEP_MS - (this.#now() % STEP_MS);
    this.#timer = setTimeout(
      () => {
        this.flush();
        this.#schedule();
      },
      left < 100 ? left + STEP_MS - 50 : left - 50,
    ).unref();
  }

  /** What was counted before the controller knew of it belongs to no step. */
  #note({ kind, cell, columns, isOld }: Rise): void {
    if (isOld) return;
    const before = this.#rises[kind].get(cell);
    if (before === undefined) this.#rises[kind].set(cell, [...columns]);
    else columns.forEach((rise, i) => (before[i] = (before[i] ?? 0n) + rise));
  }

  /** With too many cells, of fewer names: see MAX_ROWS. */
  #takeRows(kind: CellKind): HistoryRow[] {
    const rises = this.#rises[kind];
    const everywhere =
      rises.size > MAX_ROWS ? this.#sumBy(kind, (cell) => this.#hostOf(kind, cell)) : undefined;
    const rows =
      everywhere === undefined
        ? [...rises].map(([cell, columns]) =>
            this.#row(kind, cell, columns, this.options.ledger.place(kind, cell)),
          )
        : everywhere.length <= MAX_ROWS
          ? everywhere
          : this.#sumBy(kind, () => '');
    rises.clear();
    return rows;
  }

  #sumBy(kind: CellKind, hostOf: (cell: number) => string): HistoryRow[] {
    const { ledger } = this.options;
    const sums = new Map<string, Map<bigint | Hook, { cell: number; columns: bigint[] }>>();
    for (const [cell, columns] of this.#rises[kind]) {
      const hostId = hostOf(cell);
      const ofHost = sums.get(hostId) ?? new Map<bigint | Hook, { cell: number; columns: bigint[] }>();
      sums.set(hostId, ofHost);
      const item = kind === 'rule' ? ledger.ruleOf(cell).key : ledger.hookOf(cell);
      const sum = ofHost.get(item);
      if (sum === undefined) ofHost.set(item, { cell, columns: [...columns] });
      else columns.forEach((rise, i) => (sum.columns[i] = (sum.columns[i] ?? 0n) + rise));
    }
    return [...sums].flatMap(([hostId, ofHost]) =>
      [...ofHost.values()].map(({ cell, columns }) =>
        this.#row(kind, cell, columns, { hostId, namespace: '' }),
      ),
    );
  }

  #hostOf(kind: CellKind, cell: number): string {
    return this.options.ledger.place(kind, cell).hostId;
  }

  #row(kind: CellKind, cell: number, columns: readonly bigint[], place: Place): HistoryRow {
    const { ledger } = this.options;
    const { policy, ruleId } = kind === 'rule' ? ledger.ruleOf(cell) : { policy: '', ruleId: '' };
    const hook = kind === 'hook' ? ledger.hookOf(cell) : undefined;
    return { kind, ...place, policy, ruleId, hook, columns };
  }
}
