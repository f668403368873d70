/**
 * Adds up what hosts count: for each rule in each namespace of each host, and for each hook there. How nothing is lost or counted twice is
 * told in cumulative-table.ts.
 *
 * Sums live as long as the controller: those of rules, policies and namespaces that are gone stay in them.
 */
import { HOOKS, type Hook } from '../model/policy';
import { countersAt, trafficAt, type Counters, type Traffic } from './counters';
import { CumulativeTable } from './cumulative-table';
import type { RuleDirectory, RuleName } from './rule-directory';

/** Counters of one binding, in columns of equal length: some by rule, some by hook. */
export interface BindingReport {
  readonly namespace: string;
  readonly epoch: bigint;
  readonly ruleKeys: readonly bigint[];
  readonly packets: readonly bigint[];
  readonly bytes: readonly bigint[];
  readonly shadowPackets: readonly bigint[];
  /** How long ago the rule was hit last, in milliseconds; empty when that is not known. */
  readonly idleMs: readonly bigint[];
  readonly hooks: readonly Hook[];
  readonly accepted: readonly bigint[];
  readonly dropped: readonly bigint[];
  readonly rejected: readonly bigint[];
  readonly shadowDropped: readonly bigint[];
  readonly malformed: readonly bigint[];
}

/** Where something was counted. */
export interface Place {
  readonly hostId: string;
  readonly namespace: string;
}

/** What one rule has counted in one namespace of one host. */
export interface LedgerEntry extends Place, RuleName {
  readonly total: Counters;
}

/** What became of packets at one hook of one namespace of one host. */
export interface TrafficEntry extends Place {
  readonly hook: Hook;
  readonly total: Traffic;
}

/** What cells are of: rules, with Counters, or hooks, with Traffic. */
export type CellKind = 'rule' | 'hook';

/** Told of each rise. `columns` are the values by which it rose, and are only good for the length of the call. */
export interface Rise {
  readonly kind: CellKind;
  readonly cell: number;
  readonly columns: BigUint64Array;
  /** It was counted before this controller knew of it: at what time cannot be told. */
  readonly isOld: boolean;
}

export type LedgerObserver = (rise: Rise) => void;

export interface CounterLedgerOptions {
  readonly rules: RuleDirectory;
  /** Called the first time that a rule key comes up which no known policy has, and when entries are at their limit. */
  readonly onOddity: (
    oddity: { kind: 'unknown-rule'; hostId: string; key: bigint } | { kind: 'full' },
  ) => void;
  /** Of rules in namespaces of hosts; 1,000,000 when left out. */
  readonly maxEntries?: number;
  readonly now?: () => number;
}

const DEFAULT_MAX_ENTRIES = 1_000_000;
const MAX_UNKNOWN_KEYS = 10_000;

export class CounterLedger {
  readonly #tables: Readonly<Record<CellKind, CumulativeTable>>;
  readonly #bindings = new Map<string, Map<string, number>>();
  readonly #places: Place[] = [];
  readonly #ruleNumbers = new Map<bigint, number>();
  readonly #rules: (RuleName & { readonly key: bigint })[] = [];
  /** By cell of a rule; milliseconds since 1970, 0 for never. */
  #lastHits = new Float64Array(256);
  readonly #observers = new Set<LedgerObserver>();
  /** Epochs, by binding, that the first report of a stream brought up. */
  readonly #foundRunning = new Map<number, bigint>();
  readonly #unknownKeys = new Set<bigint>();
  readonly #now: () => number;

  constructor(private readonly options: CounterLedgerOptions) {
    const maxCells = options.maxEntries ?? DEFAULT_MAX_ENTRIES;
    this.#tables = {
      rule: new CumulativeTable({ width: 3, maxCells }),
      hook: new CumulativeTable({ width: 5, maxCells }),
    };
    this.#now = options.now ?? Date.now;
  }

  /** `whole`: of the first report of a stream, which says what was counted before it. */
  ingest(hostId: string, report: BindingReport, { whole = false } = {}): void {
    const binding = this.#binding(hostId, report.namespace);
    const isOld = this.#enter(binding, report.epoch, whole);
    this.#ingestRules(hostId, binding, report, isOld);
    this.#ingestHooks(binding, report, isOld);
  }

  /** The host has booted: all its counters begin at 0, whatever epochs they name. */
  forgetEpochs(hostId: string): void {
    for (const binding of this.#bindings.get(hostId)?.values() ?? []) {
      for (const table of Object.values(this.#tables)) table.forgetEpochs(binding);
    }
  }

  *entries(): Generator<LedgerEntry> {
    for (let cell = 0; cell < this.#tables.rule.size; cell++) {
      const { policy, ruleId } = this.ruleOf(cell);
      yield { ...this.place('rule', cell), policy, ruleId, total: this.counters(cell) };
    }
  }

  *traffic(): Generator<TrafficEntry> {
    for (let cell = 0; cell < this.#tables.hook.size; cell++) {
      yield { ...this.place('hook', cell), hook: this.hookOf(cell), total: this.trafficOf(cell) };
    }
  }

  /** Cells are numbered from 0 in the order in which they came up. */
  size(kind: CellKind): number {
    return this.#tables[kind].size;
  }

  place(kind: CellKind, cell: number): Place {
    return this.#places[this.#tables[kind].bindingOf(cell)] ?? { hostId: '', namespace: '' };
  }

  ruleOf(cell: number): RuleName & { readonly key: bigint } {
    return this.#rules[this.#tables.rule.itemOf(cell)] ?? { policy: '', ruleId: '', key: 0n };
  }

  hookOf(cell: number): Hook {
    return HOOKS[this.#tables.hook.itemOf(cell)] ?? 'input';
  }

  total(kind: CellKind, cell: number, column: number): bigint {
    return this.#tables[kind].total(cell, column);
  }

  counters(cell: number): Counters {
    return countersAt((column) => this.#tables.rule.total(cell, column));
  }

  trafficOf(cell: number): Traffic {
    return trafficAt((column) => this.#tables.hook.total(cell, column));
  }

  /** When the rule was hit there last; milliseconds since 1970, 0 for never. */
  lastHit(cell: number): number {
    return this.#lastHits[cell] ?? 0;
  }

  /** Of all columns, filled or not. */
  get bytes(): number {
    return this.#tables.rule.bytes + this.#tables.hook.bytes + this.#lastHits.byteLength;
  }

  /** Calls `observer` at each rise until the function that is given back is called. */
  observe(observer: LedgerObserver): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** Tells whether what the report says was counted before the controller knew of the epoch. */
  #enter(binding: number, epoch: bigint, whole: boolean): boolean {
    this.#tables.hook.enterEpoch(binding, epoch);
    const isNew = this.#tables.rule.enterEpoch(binding, epoch);
    if (!whole) this.#foundRunning.delete(binding);
    else if (isNew) this.#foundRunning.set(binding, epoch);
    // A first report may come in several messages.
    return this.#foundRunning.get(binding) === epoch;
  }

  #ingestRules(hostId: string, binding: number, report: BindingReport, isOld: boolean): void {
    const { ruleKeys, packets, bytes, shadowPackets, idleMs, epoch } = report;
    const values = [0n, 0n, 0n];
    for (let i = 0; i < ruleKeys.length; i++) {
      const cell = this.#ruleCell(hostId, binding, ruleKeys[i] ?? 0n);
      // Not noted down either: the whole of it counts once the rule is known.
      if (cell === undefined) continue;
      values[0] = packets[i] ?? 0n;
      values[1] = bytes[i] ?? 0n;
      values[2] = shadowPackets[i] ?? 0n;
      const hasRisen = this.#tables.rule.take(cell, epoch, values);
      if (hasRisen) this.#noteHit(cell, idleMs[i]);
      if (hasRisen) this.#tell('rule', cell, isOld);
    }
  }

  #ingestHooks(binding: number, report: BindingReport, isOld: boolean): void {
    const { hooks, epoch } = report;
    for (const [i, hook] of hooks.entries()) {
      const cell = this.#tables.hook.cell(binding, HOOKS.indexOf(hook));
      if (cell === undefined) {
        this.options.onOddity({ kind: 'full' });
        return;
      }
      const columns = [
        report.accepted,
        report.dropped,
        report.rejected,
        report.shadowDropped,
        report.malformed,
      ];
      const values = columns.map((column) => column[i] ?? 0n);
      if (this.#tables.hook.take(cell, epoch, values)) this.#tell('hook', cell, isOld);
    }
  }

  #ruleCell(hostId: string, binding: number, key: bigint): number | undefined {
    const rule = this.#ruleNumbers.get(key) ?? this.#newRule(hostId, key);
    if (rule === undefined) return undefined;
    const cell = this.#tables.rule.cell(binding, rule);
    if (cell === undefined) this.options.onOddity({ kind: 'full' });
    return cell;
  }

  #newRule(hostId: string, key: bigint): number | undefined {
    const name = this.options.rules.find(key);
    if (name === undefined) {
      this.#noteUnknown(hostId, key);
      return undefined;
    }
    this.#ruleNumbers.set(key, this.#rules.length);
    return this.#rules.push({ ...name, key }) - 1;
  }

  #noteHit(cell: number, idleMs: bigint | undefined): void {
    if (cell >= this.#lastHits.length) {
      const grown = new Float64Array(Math.max(this.#lastHits.length * 2, cell + 1));
      grown.set(this.#lastHits);
      this.#lastHits = grown;
    }
    const at = Math.max(this.#lastHits[cell] ?? 0, this.#now() - Number(idleMs ?? 0n));
    this.#lastHits[cell] = at;
    this.options.rules.noteHit(this.ruleOf(cell).key, at);
  }

  #tell(kind: CellKind, cell: number, isOld: boolean): void {
    if (this.#observers.size === 0) return;
    const rise = { kind, cell, columns: this.#tables[kind].rise, isOld };
    for (const observer of this.#observers) observer(rise);
  }

  #binding(hostId: string, namespace: string): number {
    const bindings = this.#bindings.get(hostId) ?? new Map<string, number>();
    this.#bindings.set(hostId, bindings);
    const known = bindings.get(namespace);
    if (known !== undefined) return known;
    const binding = this.#places.push({ hostId, namespace }) - 1;
    bindings.set(namespace, binding);
    return binding;
  }

  #noteUnknown(hostId: string, key: bigint): void {
    if (this.#unknownKeys.has(key) || this.#unknownKeys.size >= MAX_UNKNOWN_KEYS) return;
    this.#unknownKeys.add(key);
    this.options.onOddity({ kind: 'unknown-rule', hostId, key });
  }
}
