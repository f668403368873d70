/**
 * One watcher's groups of a ledger, in columns: a rise costs one look-up and a few additions; nothing is queued.
 *
 * A group is a place and an item (a rule, a hook), as far as either is grouped by. Both are looked at once for all cells that share them: a
 * view of half a million cells opens in about a tenth of a second.
 */
import { CellIndex } from './cell-index';
import type { CounterLedger } from './counter-ledger';
import { Counts } from './counts';
import { COLUMNS, countersAt, trafficAt, type CellKind, type Counters, type Traffic } from './counters';
import type { Rises } from './rises';
import type { RuleName } from './rule-directory';
import { NumberedKeys } from './numbered-keys';
import {
  itemText,
  placeText,
  type GroupKey,
  type ItemKey,
  type LabelsOf,
  type PlaceKey,
  type StatsGrouping,
} from './stats-grouping';

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
const NONE = -1;

export class GroupedView {
  readonly #places = new NumberedKeys<PlaceKey>(placeText);
  readonly #items = new NumberedKeys<ItemKey>(itemText);
  /** Of items of the ledger; NONE of those that belong to no group. */
  readonly #itemOf: Record<CellKind, Map<number, number>> = { rule: new Map(), hook: new Map() };
  /** Of the binding that was looked at last: cells of one follow each other. */
  #lastPlace = { binding: NONE, place: NONE };
  /** By place and item. */
  readonly #groups = new CellIndex();
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
    const { total: whole } = grouping;
    if (whole !== undefined) this.#group(this.#places.number(whole), this.#items.number(whole));
    for (const kind of ['rule', 'hook'] as const) {
      for (const rises of ledger.totals(kind)) this.add(rises);
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
    return this.#groups.size;
  }

  /** Numbers of the groups that have changed since this was asked last. */
  takeChanged(): Set<number> {
    const changed = new Set(this.#changed);
    this.#changed = [];
    this.#hasChanged.fill(0);
    return changed;
  }

  /** Number of the group of a rule, in a view by rule alone; undefined when it has counted nothing. */
  numberOf({ policy, ruleId }: RuleName): number | undefined {
    const item = this.#items.find({ policy, ruleId, hook: undefined });
    const group = item === undefined ? NONE : this.#groups.find(0, item);
    return group === NONE ? undefined : group;
  }

  /** What rules of the group matched. */
  packets(number: number): bigint {
    return this.#counters.at(number * COUNTERS);
  }

  key(number: number): GroupKey {
    const { hostId, namespace, labels } = this.#places.key(this.#groups.first(number));
    const { policy, ruleId, hook } = this.#items.key(this.#groups.second(number));
    return { hostId, namespace, policy, ruleId, hook, labels };
  }

  group(number: number): StatsGroup {
    return {
      key: this.key(number),
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
    if (cell >= this.#groupOf[kind].length) {
      const grown = new Int32Array(Math.max(this.ledger.size(kind), this.#groupOf[kind].length * 2));
      grown.set(this.#groupOf[kind]);
      this.#groupOf[kind] = grown;
    }
    const [place, item] = [this.#placeOf(kind, cell), this.#itemOfCell(kind, cell)];
    const entry = place === NONE || item === NONE ? EXCLUDED : this.#group(place, item) + 1;
    this.#groupOf[kind][cell] = entry;
    return entry;
  }

  #placeOf(kind: CellKind, cell: number): number {
    const binding = this.ledger.bindingOf(kind, cell);
    if (this.#lastPlace.binding !== binding) {
      const key = this.grouping.placeKey(this.ledger.place(kind, cell));
      this.#lastPlace = { binding, place: key === undefined ? NONE : this.#places.number(key) };
    }
    return this.#lastPlace.place;
  }

  #itemOfCell(kind: CellKind, cell: number): number {
    const item = this.ledger.itemOf(kind, cell);
    const known = this.#itemOf[kind].get(item);
    if (known !== undefined) return known;
    const { grouping, ledger } = this;
    const key =
      kind === 'rule' ? grouping.ruleKey(ledger.ruleOf(cell)) : grouping.hookKey(ledger.hookOf(cell));
    const number = key === undefined ? NONE : this.#items.number(key);
    this.#itemOf[kind].set(item, number);
    return number;
  }

  #group(place: number, item: number): number {
    const known = this.#groups.find(place, item);
    if (known >= 0) return known;
    const group = this.#groups.add(place, item);
    if (group >= this.#lastHits.length) this.#grow();
    return group;
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
    this.#lastPlace = { binding: NONE, place: NONE };
    for (const kind of ['rule', 'hook'] as const) {
      const groups = this.#groupOf[kind];
      for (let cell = 0; cell < Math.min(groups.length, this.ledger.size(kind)); cell++) {
        if (this.ledger.place(kind, cell).hostId === hostId) groups[cell] = UNRESOLVED;
      }
    }
  }
}
