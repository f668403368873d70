/** Live sums over groups of ledger entries, for those who watch. */
import { compareText } from '../model/resource-name';
import type { CounterLedger, LedgerEntry } from './counter-ledger';
import { sum, ZERO, type Counters } from './counters';

export type StatsDimension = 'host' | 'namespace' | 'policy' | 'rule';

/** A list that is empty lets everything through. */
export interface StatsFilter {
  readonly hostIds: readonly string[];
  readonly namespaces: readonly string[];
  readonly policies: readonly string[];
  readonly ruleIds: readonly string[];
}

export interface StatsQuery {
  readonly filter: StatsFilter;
  /** None: one total. */
  readonly groupBy: ReadonlySet<StatsDimension>;
}

/** The sum over one group; a part of the key by which is not grouped is empty. */
export interface StatsGroup {
  readonly hostId: string;
  readonly namespace: string;
  readonly policy: string;
  readonly ruleId: string;
  readonly counters: Counters;
}

/** One watcher's groups. Costs one addition for each rise; keeps no backlog. */
export interface StatsView {
  /** Every group, in order of their keys. */
  snapshot(): StatsGroup[];
  /** Groups that have changed since they were last given, in order of their keys. */
  takeChanged(): StatsGroup[];
  close(): void;
}

export class StatsFeed {
  #open = 0;

  /** `onWatched` is told whenever somebody begins to watch where nobody did, and when the last one is gone. */
  constructor(
    private readonly ledger: CounterLedger,
    private readonly onWatched: (watched: boolean) => void,
  ) {}

  open(query: StatsQuery): StatsView {
    const view = new GroupedView(query);
    for (const entry of this.ledger.entries()) view.add(entry, entry.total);
    const unsubscribe = this.ledger.observe((entry, rise) => view.add(entry, rise));
    this.#count(1);
    let closed = false;
    return {
      snapshot: () => view.snapshot(),
      takeChanged: () => view.takeChanged(),
      close: () => {
        if (closed) return;
        closed = true;
        unsubscribe();
        this.#count(-1);
      },
    };
  }

  #count(change: 1 | -1): void {
    const before = this.#open > 0;
    this.#open += change;
    if (before !== this.#open > 0) this.onWatched(this.#open > 0);
  }
}

class GroupedView {
  readonly #groups = new Map<string, StatsGroup>();
  #changed = new Set<string>();

  constructor(private readonly query: StatsQuery) {
    if (query.groupBy.size === 0) this.#groups.set(keyText(TOTAL), TOTAL);
  }

  add(entry: LedgerEntry, rise: Counters): void {
    if (!passes(this.query.filter, entry)) return;
    const group = this.#groupOf(entry);
    const key = keyText(group);
    const before = this.#groups.get(key) ?? group;
    this.#groups.set(key, { ...before, counters: sum(before.counters, rise) });
    this.#changed.add(key);
  }

  snapshot(): StatsGroup[] {
    this.#changed.clear();
    return [...this.#groups.values()].sort(compareGroups);
  }

  takeChanged(): StatsGroup[] {
    const changed = this.#changed;
    this.#changed = new Set();
    return [...changed]
      .map((key) => this.#groups.get(key))
      .filter((group) => group !== undefined)
      .sort(compareGroups);
  }

  #groupOf({ hostId, namespace, policy, ruleId }: LedgerEntry): StatsGroup {
    const { groupBy } = this.query;
    return {
      hostId: groupBy.has('host') ? hostId : '',
      namespace: groupBy.has('namespace') ? namespace : '',
      policy: groupBy.has('policy') || groupBy.has('rule') ? policy : '',
      ruleId: groupBy.has('rule') ? ruleId : '',
      counters: ZERO,
    };
  }
}

const TOTAL: StatsGroup = { hostId: '', namespace: '', policy: '', ruleId: '', counters: ZERO };

function passes(filter: StatsFilter, entry: LedgerEntry): boolean {
  return (
    allows(filter.hostIds, entry.hostId) &&
    allows(filter.namespaces, entry.namespace) &&
    allows(filter.policies, entry.policy) &&
    allows(filter.ruleIds, entry.ruleId)
  );
}

function allows(list: readonly string[], value: string): boolean {
  return list.length === 0 || list.includes(value);
}

function keyText({ hostId, namespace, policy, ruleId }: StatsGroup): string {
  return [hostId, namespace, policy, ruleId].join('\0');
}

function compareGroups(a: StatsGroup, b: StatsGroup): number {
  return compareText(keyText(a), keyText(b));
}
