/**
 * Adds up what hosts count: for each rule in each namespace of each host, and for each hook there. How nothing is lost or counted twice is
 * told in cumulative-table.ts.
 *
 * Sums live as long as the controller: those of rules, policies and namespaces that are gone stay in them.
 */
import { HOOKS, type Hook } from '../model/policy';
import { CellIndex } from './cell-index';
import type { CountList } from './count-list';
import { COLUMNS, countersAt, trafficAt, type CellKind, type Counters, type Traffic } from './counters';
import { Counts } from './counts';
import { CumulativeTable } from './cumulative-table';
import { defaultRuleId, type DefaultVerdict } from './default-verdict';
import { Rises } from './rises';
import type { RuleDirectory, RuleHits, RuleName } from './rule-directory';

/** Counters of one binding, in columns of equal length: some by rule, some by hook. */
export interface BindingReport {
  readonly namespace: string;
  readonly epoch: bigint;
  readonly ruleKeys: CountList;
  readonly packets: CountList;
  readonly bytes: CountList;
  readonly shadowPackets: CountList;
  /** How long ago the rule was hit last, in milliseconds; empty when that is not known. */
  readonly idleMs: CountList;
  readonly hooks: readonly Hook[];
  readonly accepted: CountList;
  readonly dropped: CountList;
  readonly rejected: CountList;
  readonly shadowDropped: CountList;
  readonly malformed: CountList;
  /** What no rule decided; empty when that is not known, and so is the next. */
  readonly defaulted: CountList;
  /** What decided it, and the policy that states that; its name is empty where none does. */
  readonly defaults: readonly DefaultOrigin[];
}

export interface DefaultOrigin {
  readonly policy: string;
  readonly verdict: DefaultVerdict;
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

/** Told of what each report raised. It is only good for the length of the call. */
export type LedgerObserver = (rises: Readonly<Rises>) => void;

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

interface KnownRule extends RuleName {
  readonly key: bigint;
  hits: RuleHits;
}

const DEFAULT_MAX_ENTRIES = 1_000_000;
const MAX_UNKNOWN_KEYS = 10_000;
const CELLS_AT_ONCE = 1024;
/** Column of Traffic. */
const DEFAULTED = 5;
/** Of items of rules. */
const FIRST_DEFAULT = 2 ** 31;

export class CounterLedger {
  readonly #tables: Readonly<Record<CellKind, CumulativeTable>>;
  readonly #hosts = new Map<string, { readonly number: number; readonly bindings: Map<string, number> }>();
  readonly #places: (Place & { readonly host: number })[] = [];
  /** By the words of their keys. */
  readonly #ruleNumbers = new CellIndex();
  readonly #rules: KnownRule[] = [];
  /** Default verdicts are items beside rules, from FIRST_DEFAULT on. */
  readonly #defaults: (RuleName & { readonly key: bigint })[] = [];
  readonly #defaultItems = new Map<string, number>();
  /** By cell of a rule; milliseconds since 1970, 0 for never. */
  #lastHits = new Float64Array(256);
  readonly #observers: Readonly<Record<CellKind, Set<LedgerObserver>>> = { rule: new Set(), hook: new Set() };
  /** Of the report in hand. */
  readonly #rises: Readonly<Record<CellKind, Rises>> = { rule: new Rises('rule'), hook: new Rises('hook') };
  /** What tables are asked with. */
  readonly #rows = { rule: new Counts(COLUMNS.rule), hook: new Counts(COLUMNS.hook) };
  /** Epochs, by binding, that the first report of a stream brought up. */
  readonly #foundRunning = new Map<number, bigint>();
  readonly #unknownKeys = new Set<bigint>();
  readonly #now: () => number;

  constructor(private readonly options: CounterLedgerOptions) {
    const maxCells = options.maxEntries ?? DEFAULT_MAX_ENTRIES;
    this.#tables = {
      rule: new CumulativeTable({ width: COLUMNS.rule, maxCells }),
      hook: new CumulativeTable({ width: COLUMNS.hook, maxCells }),
    };
    this.#now = options.now ?? Date.now;
  }

  /** `whole`: of the first report of a stream, which says what was counted before it. */
  ingest(hostId: string, report: BindingReport, { whole = false } = {}): void {
    const binding = this.#binding(hostId, report.namespace);
    const isOld = this.#enter(binding, report.epoch, whole);
    this.#ingestRules(hostId, binding, report);
    this.#ingestHooks(binding, report);
    this.#tell('rule', isOld);
    this.#tell('hook', isOld);
  }

  /** The host has booted: all its counters begin at 0, whatever epochs they name. */
  forgetEpochs(hostId: string): void {
    for (const binding of this.#hosts.get(hostId)?.bindings.values() ?? []) {
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
    const { hostId = '', namespace = '' } = this.#places[this.#tables[kind].bindingOf(cell)] ?? {};
    return { hostId, namespace };
  }

  /** The same for all cells of a namespace of a host. */
  bindingOf(kind: CellKind, cell: number): number {
    return this.#tables[kind].bindingOf(cell);
  }

  /** The same for all cells of a host. */
  hostNumber(kind: CellKind, cell: number): number {
    return this.#places[this.#tables[kind].bindingOf(cell)]?.host ?? 0;
  }

  /** A default verdict has key 0. */
  ruleOf(cell: number): RuleName & { readonly key: bigint } {
    const item = this.itemOf('rule', cell);
    const known = item < FIRST_DEFAULT ? this.#rules[item] : this.#defaults[item - FIRST_DEFAULT];
    const { policy = '', ruleId = '', key = 0n } = known ?? {};
    return { policy, ruleId, key };
  }

  hookOf(cell: number): Hook {
    return HOOKS[this.itemOf('hook', cell)] ?? 'input';
  }

  /** The same for all cells of a rule, or of a hook. */
  itemOf(kind: CellKind, cell: number): number {
    return this.#tables[kind].itemOf(cell);
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

  /** The sums of all cells, as if they had risen now, some at a time. Each is only good until the next is asked for. */
  *totals(kind: CellKind): Generator<Readonly<Rises>> {
    const [rises, total] = [new Rises(kind), new Counts(COLUMNS[kind])];
    for (let cell = 0; cell < this.size(kind); cell++) {
      this.#tables[kind].copyTotal(cell, total);
      rises.add(cell, total);
      if (rises.size < CELLS_AT_ONCE) continue;
      yield rises;
      rises.clear();
    }
    yield rises;
  }

  /** When the rule was hit there last; milliseconds since 1970, 0 for never. */
  lastHit(cell: number): number {
    return this.#lastHits[cell] ?? 0;
  }

  /** Of all columns, filled or not. */
  get bytes(): number {
    return this.#tables.rule.bytes + this.#tables.hook.bytes + this.#lastHits.byteLength;
  }

  /** Tells `observer` what rises, of one kind, until the function that is given back is called. */
  observe(kind: CellKind, observer: LedgerObserver): () => void {
    this.#observers[kind].add(observer);
    return () => void this.#observers[kind].delete(observer);
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

  #ingestRules(hostId: string, binding: number, report: BindingReport): void {
    const { ruleKeys, packets, bytes, shadowPackets, idleMs, epoch } = report;
    const [now, row] = [this.#now(), this.#rows.rule];
    for (let i = 0; i < ruleKeys.length; i++) {
      const cell = this.#ruleCell(hostId, binding, ruleKeys, i);
      // Not noted down either: the whole of it counts once the rule is known.
      if (cell === undefined) continue;
      packets.copy(i, row, 0);
      bytes.copy(i, row, 1);
      shadowPackets.copy(i, row, 2);
      if (!this.#tables.rule.take(cell, epoch, row)) continue;
      this.#noteHit(cell, now - idleMs.numberAt(i));
      this.#rises.rule.add(cell, this.#tables.rule.rise);
    }
  }

  #ingestHooks(binding: number, report: BindingReport): void {
    const { hooks, epoch, accepted, dropped, rejected, shadowDropped, malformed, defaulted } = report;
    const columns = [accepted, dropped, rejected, shadowDropped, malformed, defaulted];
    const row = this.#rows.hook;
    for (const [i, hook] of hooks.entries()) {
      const cell = this.#tables.hook.cell(binding, HOOKS.indexOf(hook));
      if (cell === undefined) {
        this.options.onOddity({ kind: 'full' });
        return;
      }
      for (let at = 0; at < columns.length; at++) columns[at]?.copy(i, row, at);
      if (!this.#tables.hook.take(cell, epoch, row)) continue;
      this.#rises.hook.add(cell, this.#tables.hook.rise);
      const byDefault = this.#tables.hook.rise.at(DEFAULTED);
      if (byDefault > 0n) this.#countDefault(binding, report.defaults[i], byDefault);
    }
  }

  /** Beside rules, for a policy that stands: what a host names else is no policy's. */
  #countDefault(binding: number, origin: DefaultOrigin | undefined, by: bigint): void {
    if (origin === undefined || !this.options.rules.hasPolicy(origin.policy)) return;
    const cell = this.#tables.rule.cell(binding, this.#defaultItem(origin));
    if (cell === undefined) {
      this.options.onOddity({ kind: 'full' });
      return;
    }
    this.#tables.rule.raise(cell, 0, by);
    this.#noteHit(cell, this.#now());
    this.#rises.rule.add(cell, this.#tables.rule.rise);
  }

  #defaultItem({ policy, verdict }: DefaultOrigin): number {
    const name = `${verdict} ${policy}`;
    const known = this.#defaultItems.get(name);
    if (known !== undefined) return known;
    const item = FIRST_DEFAULT + this.#defaults.length;
    this.#defaults.push({ policy, ruleId: defaultRuleId(verdict), key: 0n });
    this.#defaultItems.set(name, item);
    return item;
  }

  #ruleCell(hostId: string, binding: number, keys: CountList, index: number): number | undefined {
    const [first, second] = [keys.words[2 * index] ?? 0, keys.words[2 * index + 1] ?? 0];
    const known = this.#ruleNumbers.find(first, second);
    const rule = known >= 0 ? known : this.#newRule(hostId, keys.at(index), [first, second]);
    if (rule === undefined) return undefined;
    const cell = this.#tables.rule.cell(binding, rule);
    if (cell === undefined) this.options.onOddity({ kind: 'full' });
    return cell;
  }

  #newRule(hostId: string, key: bigint, words: readonly [number, number]): number | undefined {
    const { rules } = this.options;
    const name = rules.find(key);
    if (name === undefined) {
      this.#noteUnknown(hostId, key);
      return undefined;
    }
    this.#rules.push({ policy: name.policy, ruleId: name.ruleId, key, hits: rules.hits(key) });
    return this.#ruleNumbers.add(...words);
  }

  #noteHit(cell: number, at: number): void {
    if (cell >= this.#lastHits.length) {
      const grown = new Float64Array(Math.max(this.#lastHits.length * 2, cell + 1));
      grown.set(this.#lastHits);
      this.#lastHits = grown;
    }
    if (at > (this.#lastHits[cell] ?? 0)) this.#lastHits[cell] = at;
    const rule = this.#rules[this.#tables.rule.itemOf(cell)];
    if (rule === undefined) return;
    if (rule.hits.isForgotten) rule.hits = this.options.rules.hits(rule.key);
    rule.hits.note(at);
  }

  #tell(kind: CellKind, isOld: boolean): void {
    const rises = this.#rises[kind];
    rises.isOld = isOld;
    if (rises.size > 0) for (const observer of this.#observers[kind]) observer(rises);
    rises.clear();
  }

  #binding(hostId: string, namespace: string): number {
    const host = this.#hosts.get(hostId) ?? { number: this.#hosts.size, bindings: new Map<string, number>() };
    this.#hosts.set(hostId, host);
    const known = host.bindings.get(namespace);
    if (known !== undefined) return known;
    const binding = this.#places.push({ hostId, namespace, host: host.number }) - 1;
    host.bindings.set(namespace, binding);
    return binding;
  }

  #noteUnknown(hostId: string, key: bigint): void {
    if (this.#unknownKeys.has(key) || this.#unknownKeys.size >= MAX_UNKNOWN_KEYS) return;
    this.#unknownKeys.add(key);
    this.options.onOddity({ kind: 'unknown-rule', hostId, key });
  }
}
