/** One watcher's groups of a ledger, in columns: a rise costs one look-up and a few additions; nothing is queued. */
import type { CounterLedger } from './counter-ledger';
import { Counts } from './counts';
import { COLUMNS, countersAt, trafficAt, type CellKind, type Counters, type Traffic } from './counters';
import { Rises } from './rises';
import type { RuleName } from './rule-directory';
import { keyText, ruleText, type GroupKey, type LabelsOf, type StatsGrouping } from './stats-grouping';

/** The sum over one group. */
export interface StatsGroup {
  readonly key: GroupKey;
  readonly counters: Counters;
  /** Undefined where groups are of rules or policies. */
  readonly traffic: Traffic | undefined;
  /** Milliseconds since 1970, 0 for never. */
  readonly lastHit: number;
}

const COUNTERS = COLUMNS.rule;
const TRAFFIC = COLUMNS.hook;
const UNRESOLVED = 0;
const EXCLUDED = -1;

export class GroupedView {
  readonly #keys: GroupKey[] = [];
  readonly #numbers = new Map<string, number>();
  #counters = new Counts(COUNTERS * 16);
  #traffic = new Counts(TRAFFIC * 16);
  #lastHits = new Float64Array(16);
  /** By cell: number of the group and one, or one of the constants. */
  readonly #groupOf: Record<CellKind, Int32Array> = { rule: new Int32Array(256), hook: new Int32Array(256) };
  #changed: number[] = [];
  /** Of each group, whether it is among those. */
  #hasChanged = new Uint8Array(16);
  /** What the hosts' groups were found by. */
  readonly #labelsSeen = new Map<string, ReturnType<LabelsOf>>();

  constructor(
    private readonly ledger: CounterLedger,
    private readonly grouping: StatsGrouping,
    private readonly labelsOf: LabelsOf,
  ) {
    if (grouping.total !== undefined) this.#number(grouping.total);
    for (const kind of ['rule', 'hook'] as const) {
      const rises = new Rises(kind);
      const total = new Counts(rises.width);
      for (let cell = 0; cell < ledger.size(kind); cell++) {
        for (let column = 0; column < rises.width; column++)
          total.values[column] = ledger.total(kind, cell, column);
        rises.clear();
        rises.add(cell, total);
        this.add(rises);
      }
    }
  }

  add({ kind, size, cells, columns, width }: Readonly<Rises>): void {
    const isRule = kind === 'rule';
    for (let i = 0; i < size; i++) {
      const cell = cells[i] ?? 0;
      const group = this.#find(kind, cell);
      if (group === undefined) continue;
      const sums = isRule ? this.#counters : this.#traffic;
      for (let column = 0; column < width; column++)
        sums.add(group * width + column, columns, i * width + column);
      if (isRule) this.#noteHit(group, this.ledger.lastHit(cell));
      this.#noteChange(group);
    }
  }

  #noteHit(group: number, at: number): void {
    if (at > (this.#lastHits[group] ?? 0)) this.#lastHits[group] = at;
  }

  #noteChange(group: number): void {
    if (this.#hasChanged[group] === 1) return;
    this.#hasChanged[group] = 1;
    this.#changed.push(group);
  }

  /** How many there are. */
  get size(): number {
    return this.#keys.length;
  }

  /** Numbers of the groups that have changed since this was asked last. */
  takeChanged(): Set<number> {
    const changed = new Set(this.#changed);
    this.#changed = [];
    this.#hasChanged.fill(0);
    return changed;
  }

  /** Number of the group of a rule, in a view by rule alone; undefined when it has counted nothing. */
  numberOf(rule: RuleName): number | undefined {
    return this.#numbers.get(ruleText(rule));
  }

  /** What rules of the group matched. */
  packets(number: number): bigint {
    return this.#counters.at(number * COUNTERS);
  }

  group(number: number): StatsGroup {
    const key = this.#keys[number];
    if (key === undefined) throw new Error(`there is no group ${number}`);
    return {
      key,
      counters: countersAt((column) => this.#counters.at(number * COUNTERS + column)),
      traffic: this.grouping.hasTraffic
        ? trafficAt((column) => this.#traffic.at(number * TRAFFIC + column))
        : undefined,
      lastHit: this.#lastHits[number] ?? 0,
    };
  }

  #find(kind: CellKind, cell: number): number | undefined {
    if (this.grouping.dependsOnLabels) this.#noticeLabels(this.ledger.place(kind, cell).hostId);
    const known = this.#groupOf[kind][cell] ?? UNRESOLVED;
    const entry = known === UNRESOLVED ? this.#resolve(kind, cell) : known;
    return entry === EXCLUDED ? undefined : entry - 1;
  }

  #resolve(kind: CellKind, cell: number): number {
    const place = this.ledger.place(kind, cell);
    const key =
      kind === 'rule'
        ? this.grouping.ofRule(place, this.ledger.ruleOf(cell))
        : this.grouping.ofHook(place, this.ledger.hookOf(cell));
    const entry = key === undefined ? EXCLUDED : this.#number(key) + 1;
    if (cell >= this.#groupOf[kind].length) {
      const grown = new Int32Array(Math.max(cell + 1, this.#groupOf[kind].length * 2));
      grown.set(this.#groupOf[kind]);
      this.#groupOf[kind] = grown;
    }
    this.#groupOf[kind][cell] = entry;
    return entry;
  }

  #number(key: GroupKey): number {
    const text = keyText(key);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#keys.push(key) - 1;
    this.#numbers.set(text, number);
    if (number >= this.#lastHits.length) this.#grow();
    return number;
  }

  #grow(): void {
    const groups = this.#lastHits.length * 2;
    const [lastHits, hasChanged] = [new Float64Array(groups), new Uint8Array(groups)];
    lastHits.set(this.#lastHits);
    hasChanged.set(this.#hasChanged);
    [this.#lastHits, this.#hasChanged] = [lastHits, hasChanged];
    this.#counters = this.#counters.grown(groups * COUNTERS);
    this.#traffic = this.#traffic.grown(groups * TRAFFIC);
  }

  /** A host that has other labels now counts for other groups from now. */
  #noticeLabels(hostId: string): void {
    const now = this.labelsOf(hostId);
    const before = this.#labelsSeen.get(hostId);
    if (before === now) return;
    this.#labelsSeen.set(hostId, now);
    if (before === undefined) return;
    for (const kind of ['rule', 'hook'] as const) {
      const groups = this.#groupOf[kind];
      for (let cell = 0; cell < Math.min(groups.length, this.ledger.size(kind)); cell++) {
        if (this.ledger.place(kind, cell).hostId === hostId) groups[cell] = UNRESOLVED;
      }
    }
  }
}
