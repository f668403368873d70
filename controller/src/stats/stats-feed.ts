/** Live sums over groups of what the ledger counts, for those who watch: the API's streams, and whoever else lives in this process. */
import { compareText } from '../model/resource-name';
import type { CounterLedger } from './counter-ledger';
import type { CellKind } from './counters';
import { GroupedView, type StatsGroup } from './grouped-view';
import { RateMeter, type Rates } from './rate-meter';
import { keyText, StatsGrouping, type LabelsOf, type StatsQuery } from './stats-grouping';

export type StatsOrder = 'packets' | 'bytes' | 'stopped';

/** A group, and by how much it rises. */
export interface MeasuredGroup extends StatsGroup {
  /** Undefined when rates are not asked for, and at first. */
  readonly rates: Rates | undefined;
}

/** Only so many groups, the first by the order. */
export interface StatsTop {
  readonly count: number;
  readonly order: StatsOrder;
}

export interface FeedQuery extends StatsQuery {
  readonly top?: StatsTop | undefined;
  readonly withRates?: boolean;
}

/** One watcher's groups. Keeps no backlog. */
export interface StatsView {
  /** Every group, or the top: in order of their keys, or the top first. */
  snapshot(): MeasuredGroup[];
  /** Groups that have changed since they were last given, with rates also those that have come to rest; of a top, all of it. */
  takeChanged(): MeasuredGroup[];
  close(): void;
}

export interface StatsFeedOptions {
  readonly ledger: CounterLedger;
  /** What policies choose the host by. */
  readonly labelsOf: LabelsOf;
  /** Told whenever somebody begins to watch where nobody did, and when the last one is gone. */
  readonly onWatched: (watched: boolean) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly now?: () => number;
}

export class StatsFeed {
  #open = 0;

  constructor(private readonly options: StatsFeedOptions) {}

  /**
   * Sums that live as long as the controller, and do not make hosts report more often. `of`: what they are read for, rules' Counters or
   * hooks' Traffic; the others stand still, since each rise costs.
   */
  keep(query: StatsQuery, of: CellKind): GroupedView {
    const { ledger, labelsOf } = this.options;
    const view = new GroupedView(ledger, new StatsGrouping(query, labelsOf), labelsOf);
    ledger.observe(of, (rises) => view.add(rises));
    return view;
  }

  /** `watches`: whether hosts are to report as often as for somebody who watches. */
  open(query: FeedQuery, { watches = true } = {}): StatsView {
    const { ledger, labelsOf, now = () => performance.now() } = this.options;
    const view = new GroupedView(ledger, new StatsGrouping(query, labelsOf), labelsOf);
    const unsubscribes = (['rule', 'hook'] as const).map((kind) =>
      ledger.observe(kind, (rises) => view.add(rises)),
    );
    const reader = new ViewReader(view, query, now);
    if (watches) this.#count(1);
    let closed = false;
    return {
      snapshot: () => reader.snapshot(),
      takeChanged: () => reader.takeChanged(),
      close: () => {
        if (closed) return;
        closed = true;
        for (const unsubscribe of unsubscribes) unsubscribe();
        if (watches) this.#count(-1);
      },
    };
  }

  #count(change: 1 | -1): void {
    const before = this.#open > 0;
    this.#open += change;
    if (before !== this.#open > 0) this.options.onWatched(this.#open > 0);
  }
}

class ViewReader {
  readonly #meter: RateMeter;

  constructor(
    private readonly view: GroupedView,
    private readonly query: FeedQuery,
    now: () => number,
  ) {
    this.#meter = new RateMeter(now);
  }

  snapshot(): MeasuredGroup[] {
    this.view.takeChanged();
    const all = Array.from({ length: this.view.size }, (_, number) => number);
    if (this.query.top !== undefined) return cutTop(this.#measure(all), this.query.top);
    return this.#measure(this.#inOrder(all));
  }

  takeChanged(): MeasuredGroup[] {
    if (this.query.top !== undefined) return this.snapshot();
    const numbers = this.view.takeChanged();
    if (this.query.withRates === true) for (const number of this.#meter.moving) numbers.add(number);
    return this.#measure(this.#inOrder([...numbers]));
  }

  /** Of their keys. */
  #inOrder(numbers: readonly number[]): number[] {
    const named = numbers.map((number) => ({ number, text: keyText(this.view.key(number)) }));
    return named.sort((a, b) => compareText(a.text, b.text)).map(({ number }) => number);
  }

  #measure(numbers: readonly number[]): MeasuredGroup[] {
    const groups = numbers.map((number) => this.view.group(number));
    if (this.query.withRates !== true) return groups.map((group) => ({ ...group, rates: undefined }));
    const rates = this.#meter.measure(numbers.map((number, i) => [number, groups[i]]));
    return groups.map((group, i) => ({ ...group, rates: rates[i] }));
  }
}

/** The first by rate, where rates are known, else by sum; of equals the first by key. */
export function cutTop<Group extends StatsGroup & { readonly rates?: Rates | undefined }>(
  groups: Group[],
  { count, order }: StatsTop,
): Group[] {
  const weighed = groups.map((group) => ({ group, weight: weightOf(group, order), text: '' }));
  // Of which there may be many: those at rest.
  const textOf = (one: (typeof weighed)[number]): string => (one.text ||= keyText(one.group.key));
  weighed.sort((a, b) =>
    a.weight === b.weight ? compareText(textOf(a), textOf(b)) : a.weight < b.weight ? 1 : -1,
  );
  return weighed.slice(0, count).map(({ group }) => group);
}

function weightOf(
  { counters, traffic, rates }: StatsGroup & { readonly rates?: Rates | undefined },
  order: StatsOrder,
): bigint | number {
  if (order === 'stopped') {
    return rates === undefined
      ? (traffic?.dropped ?? 0n) + (traffic?.rejected ?? 0n)
      : rates.dropped + rates.rejected;
  }
  return rates === undefined ? counters[order] : rates[order];
}
