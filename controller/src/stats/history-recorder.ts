/** Notes down, step by step, by how much counters rise. */
import type { CounterLedger } from './counter-ledger';
import type { CellKind } from './counters';
import { RESOLUTIONS, type HistoryStore } from './history-store';
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

  /** Ends the step, and keeps it. */
  flush(): void {
    const step = this.#step;
    this.#step = this.#newStep();
    const end = Math.ceil(this.#now() / STEP_MS) * STEP_MS;
    try {
      // Also a step in which nothing was counted: it tells that the controller ran.
      this.options.store.add(end, [...step.rule.rows(), ...step.hook.rows()]);
      const hits = this.options.rules.takeFreshHits();
      if (hits.length > 0) this.options.store.saveHits(hits);
    } catch (error) {
      this.options.onFault(error);
    }
  }

  #newStep(): Step {
    const { ledger } = this.options;
    return { rule: new StepRises('rule', ledger), hook: new StepRises('hook', ledger) };
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
  #note(rises: Readonly<Rises>): void {
    if (!rises.isOld) this.#step[rises.kind].note(rises);
  }
}
