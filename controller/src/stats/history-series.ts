/** Adds up kept steps to series, one of each group. */
import { countersAt, trafficAt, type Counters, type Traffic } from './counters';
import type { StatsGroup } from './grouped-view';
import type { HistoryRow } from './history-step';
import { keyText, type GroupKey, type StatsGrouping } from './stats-grouping';

export interface HistoryPoint {
  /** End of the step. */
  readonly endMs: number;
  readonly counters: Counters;
  readonly traffic: Traffic | undefined;
}

/** A group with its sum over the range, and its points in order of time. */
export interface HistorySeries {
  readonly group: StatsGroup;
  readonly points: readonly HistoryPoint[];
}

/** A group with its sum over the range, and how many points its series has. */
export interface HistoryGroup extends StatsGroup {
  readonly points: number;
}

interface Sums {
  readonly rule: bigint[];
  readonly hook: bigint[];
}

interface OpenSeries {
  readonly key: GroupKey;
  readonly total: Sums;
  readonly points: Map<number, Sums>;
  pointCount: number;
  lastPoint: number | undefined;
}

export interface HistorySeriesOptions {
  /** With more, all are let go, and only counted from then on. */
  readonly maxPoints: number;
  /** Everything when left out. */
  readonly only?: readonly StatsGroup[];
}

export class HistorySeriesTable {
  readonly #series = new Map<string, OpenSeries>();
  readonly #only: ReadonlySet<string> | undefined;
  #points = 0;

  constructor(
    private readonly grouping: StatsGrouping,
    private readonly options: HistorySeriesOptions,
  ) {
    this.#only = options.only && new Set(options.only.map(({ key }) => keyText(key)));
  }

  get size(): number {
    return this.#series.size;
  }

  get hasPoints(): boolean {
    return this.#points <= this.options.maxPoints;
  }

  /** Rows of one point follow each other. */
  add(row: HistoryRow, point: number): void {
    const key = row.hook === undefined ? this.grouping.ofRule(row, row) : this.grouping.ofHook(row, row.hook);
    if (key === undefined) return;
    const text = keyText(key);
    if (this.#only?.has(text) === false) return;
    const one = this.#series.get(text) ?? newSeries(key);
    this.#series.set(text, one);
    this.#countPoint(one, point);
    addTo(one.total, row);
    if (this.hasPoints) addTo(sumsAt(one, point), row);
  }

  /** In no order. */
  groups(): HistoryGroup[] {
    return [...this.#series.values()].map(({ key, total, pointCount }) => ({
      ...this.#read(total),
      ...{ key, lastHit: 0, points: pointCount },
    }));
  }

  /** Of the groups, in their order. */
  series(groups: readonly StatsGroup[]): HistorySeries[] {
    return groups.map((group) => {
      const inOrder = [...(this.#series.get(keyText(group.key))?.points ?? [])].sort(([a], [b]) => a - b);
      return { group, points: inOrder.map(([endMs, sums]) => ({ endMs, ...this.#read(sums) })) };
    });
  }

  #countPoint(one: OpenSeries, point: number): void {
    if (one.lastPoint === point) return;
    one.lastPoint = point;
    one.pointCount += 1;
    this.#points += 1;
    if (this.#points === this.options.maxPoints + 1) {
      for (const { points } of this.#series.values()) points.clear();
    }
  }

  #read({ rule, hook }: Sums): Pick<HistoryPoint, 'counters' | 'traffic'> {
    return {
      counters: countersAt((column) => rule[column] ?? 0n),
      traffic: this.grouping.hasTraffic ? trafficAt((column) => hook[column] ?? 0n) : undefined,
    };
  }
}

function newSeries(key: GroupKey): OpenSeries {
  return { key, total: { rule: [], hook: [] }, points: new Map(), pointCount: 0, lastPoint: undefined };
}

function sumsAt({ points }: OpenSeries, point: number): Sums {
  const sums = points.get(point) ?? { rule: [], hook: [] };
  points.set(point, sums);
  return sums;
}

function addTo(sums: Sums, { kind, columns }: HistoryRow): void {
  columns.forEach((value, i) => (sums[kind][i] = (sums[kind][i] ?? 0n) + value));
}
