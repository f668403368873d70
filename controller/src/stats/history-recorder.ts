/** Notes down, step by step, by how much counters rise. */
import { setImmediate } from 'node:timers/promises';
import type { CounterLedger } from './counter-ledger';
import type { CellKind } from './counters';
import { RESOLUTIONS, type HistoryStore } from './history-store';
import type { HistoryRow } from './history-step';
import type { Rises } from './rises';
import type { RuleDirectory } from './rule-directory';
import { StepRises } from './step-rises';

export interface HistoryRecorderOptions {
  readonly ledger: CounterLedger;
  readonly rules: RuleDirectory;
  readonly store: HistoryStore;
  /** Told what could not be kept; recording goes on. */
  readonly onFault: (error: unknown) => void;
  readonly now?: () => number;
}

const STEP_MS = RESOLUTIONS[0].stepMs;

type Step = Readonly<Record<CellKind, StepRises>>;

export class HistoryRecorder {
  #step: Step;
  /** Of the step before the last, cleared. */
  #spare: Step | undefined;
  /** Of a step that has ended and is not kept yet. */
  #open: Generator<undefined, void> | undefined;
  readonly #now: () => number;
  #unsubscribes: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: HistoryRecorderOptions) {
    this.#now = options.now ?? Date.now;
    this.#step = this.#newStep();
  }

  start(): void {
    for (const [key, at] of this.options.store.loadHits()) this.options.rules.noteHit(key, at);
    this.options.rules.takeFreshHits();
    this.#unsubscribes = (['rule', 'hook'] as const).map((kind) =>
      this.options.ledger.observe(kind, (rises) => this.#note(rises)),
    );
    this.#schedule();
  }

  /** What the step has so far is kept. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.flush();
  }

  /** Ends the step, and keeps it before it returns. */
  flush(): void {
    this.#finish();
    this.#open = this.#keep();
    this.#finish();
  }

  #newStep(): Step {
    const { ledger } = this.options;
    return { rule: new StepRises('rule', ledger), hook: new StepRises('hook', ledger) };
  }

  #finish(): void {
    while (this.#open?.next().done === false);
    this.#open = undefined;
  }

  /** Ends the step, and lets others work while it is kept. */
  async #flushInSlices(): Promise<void> {
    this.#finish();
    const keeping = this.#keep();
    this.#open = keeping;
    while (keeping.next().done === false) await setImmediate();
  }

  /** Yields now and then. */
  *#keep(): Generator<undefined, void> {
    const step = this.#step;
    this.#step = this.#spare ?? this.#newStep();
    this.#spare = undefined;
    const end = Math.ceil(this.#now() / STEP_MS) * STEP_MS;
    const rows = [...(yield* step.rule.rows()), ...(yield* step.hook.rows())];
    for (const rises of Object.values(step)) rises.clear();
    this.#spare = step;
    this.#store(end, rows);
  }

  #store(end: number, rows: readonly HistoryRow[]): void {
    try {
      // Also a step in which nothing was counted: it tells that the controller ran.
      this.options.store.add(end, rows);
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
        void this.#flushInSlices();
        this.#schedule();
      },
      left < 100 ? left + STEP_MS - 50 : left - 50,
    ).unref();
  }

  /** What was counted before the controller knew of it belongs to no step. */
  #note(rises: Readonly<Rises>): void {
    if (!rises.isOld) this.#step[rises.kind].note(rises);
  }
}
