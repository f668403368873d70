/** Which group of a query something that was counted belongs to. */
import type { Hook } from '../model/policy';
import { selectsHost, type HostSelector, type Labels } from '../model/selector';
import type { Place } from './counter-ledger';
import { isDefaultRuleId } from './default-verdict';
import type { RuleName } from './rule-directory';

export type StatsDimension = 'host' | 'namespace' | 'policy' | 'rule' | 'hook';

/** A list that is empty lets everything through. */
export interface StatsFilter {
  readonly hostIds: readonly string[];
  readonly namespaces: readonly string[];
  readonly policies: readonly string[];
  readonly ruleIds: readonly string[];
  /** Of labels. */
  readonly hosts: HostSelector;
}

export const EVERYTHING: StatsFilter = {
  hostIds: [],
  namespaces: [],
  policies: [],
  ruleIds: [],
  hosts: { requirements: [] },
};

export interface StatsQuery {
  readonly filter: StatsFilter;
  /** None, and no labels: one total. */
  readonly groupBy: ReadonlySet<StatsDimension>;
  /** Keys of labels of hosts. */
  readonly labelKeys: readonly string[];
}

/** Where what a group is the sum of was counted; a part by which is not grouped is empty. */
export interface PlaceKey {
  readonly hostId: string;
  readonly namespace: string;
  /** Values by key; of a host without the label, empty. */
  readonly labels: Labels;
}

/** What counted it; likewise. */
export interface ItemKey {
  readonly policy: string;
  readonly ruleId: string;
  readonly hook: Hook | undefined;
}

/** What a group is the sum of. */
export interface GroupKey extends PlaceKey, ItemKey {}

export type LabelsOf = (hostId: string) => Labels;

const NO_LABELS: Labels = new Map();
const NO_ITEM: ItemKey = { policy: '', ruleId: '', hook: undefined };

export class StatsGrouping {
  readonly #hostIds: ReadonlySet<string>;
  readonly #namespaces: ReadonlySet<string>;
  readonly #policies: ReadonlySet<string>;
  readonly #ruleIds: ReadonlySet<string>;
  /** Whether what became of packets belongs to the groups: a packet passes many rules, and has one verdict. */
  readonly hasTraffic: boolean;
  /** Whether labels of hosts decide what belongs where. */
  readonly dependsOnLabels: boolean;

  constructor(
    private readonly query: StatsQuery,
    private readonly labelsOf: LabelsOf,
  ) {
    const { filter, groupBy } = query;
    this.#hostIds = new Set(filter.hostIds);
    this.#namespaces = new Set(filter.namespaces);
    this.#policies = new Set(filter.policies);
    this.#ruleIds = new Set(filter.ruleIds);
    this.dependsOnLabels = query.labelKeys.length > 0 || filter.hosts.requirements.length > 0;
    const speaksOfRules = groupBy.has('policy') || groupBy.has('rule');
    this.hasTraffic = !speaksOfRules && this.#policies.size === 0 && this.#ruleIds.size === 0;
  }

  /** The group of everything, where there is one whatever was counted. */
  get total(): GroupKey | undefined {
    const { groupBy, labelKeys } = this.query;
    return groupBy.size === 0 && labelKeys.length === 0
      ? { hostId: '', namespace: '', labels: NO_LABELS, ...NO_ITEM }
      : undefined;
  }

  ofRule(place: Place, rule: RuleName): GroupKey | undefined {
    return together(this.placeKey(place), this.ruleKey(rule));
  }

  ofHook(place: Place, hook: Hook): GroupKey | undefined {
    return together(this.placeKey(place), this.hookKey(hook));
  }

  /** Undefined for what is counted there and belongs to no group; and so are the next. */
  placeKey(place: Place): PlaceKey | undefined {
    if (!this.hasPlace(place)) return undefined;
    const { groupBy, labelKeys } = this.query;
    return {
      hostId: groupBy.has('host') ? place.hostId : '',
      namespace: groupBy.has('namespace') ? place.namespace : '',
      labels: labelKeys.length === 0 ? NO_LABELS : this.#labels(place.hostId),
    };
  }

  ruleKey(rule: RuleName): ItemKey | undefined {
    if (!this.hasRule(rule)) return undefined;
    const { groupBy } = this.query;
    const byRule = groupBy.has('rule');
    // What a default verdict decides no rule has matched.
    if (isDefaultRuleId(rule.ruleId) && !byRule && this.#ruleIds.size === 0) return undefined;
    return {
      policy: byRule || groupBy.has('policy') ? rule.policy : '',
      ruleId: byRule ? rule.ruleId : '',
      hook: undefined,
    };
  }

  hookKey(hook: Hook): ItemKey | undefined {
    if (!this.hasTraffic) return undefined;
    return { ...NO_ITEM, hook: this.query.groupBy.has('hook') ? hook : undefined };
  }

  hasPlace({ hostId, namespace }: Place): boolean {
    const { hosts } = this.query.filter;
    return (
      allows(this.#hostIds, hostId) &&
      allows(this.#namespaces, namespace) &&
      (hosts.requirements.length === 0 || selectsHost(hosts, this.labelsOf(hostId)))
    );
  }

  hasRule({ policy, ruleId }: RuleName): boolean {
    return allows(this.#policies, policy) && allows(this.#ruleIds, ruleId);
  }

  #labels(hostId: string): Labels {
    const labels = this.labelsOf(hostId);
    return new Map(this.query.labelKeys.map((key) => [key, labels.get(key) ?? '']));
  }
}

function together(place: PlaceKey | undefined, item: ItemKey | undefined): GroupKey | undefined {
  return place && item && { ...place, ...item };
}

export function keyText(key: GroupKey): string {
  return `${placeText(key)}\0${itemText(key)}`;
}

export function placeText({ hostId, namespace, labels }: PlaceKey): string {
  const names = `${hostId}\0${namespace}`;
  return labels.size === 0 ? names : [names, ...labels.values()].join('\0');
}

export function itemText({ policy, ruleId, hook }: ItemKey): string {
  return `${policy}\0${ruleId}\0${hook ?? ''}`;
}

function allows(set: ReadonlySet<string>, value: string): boolean {
  return set.size === 0 || set.has(value);
}
