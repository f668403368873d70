/** Which group of a query something that was counted belongs to. */
import type { Hook } from '../model/policy';
import { compareText } from '../model/resource-name';
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

/** What a group is the sum of; a part by which is not grouped is empty. */
export interface GroupKey {
  readonly hostId: string;
  readonly namespace: string;
  readonly policy: string;
  readonly ruleId: string;
  readonly hook: Hook | undefined;
  /** Values by key; of a host without the label, empty. */
  readonly labels: Labels;
}

export type LabelsOf = (hostId: string) => Labels;

const NO_LABELS: Labels = new Map();

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
      ? this.#key({ hostId: '', namespace: '' }, {})
      : undefined;
  }

  ofRule(place: Place, rule: RuleName): GroupKey | undefined {
    if (!this.hasPlace(place) || !this.hasRule(rule)) return undefined;
    // What a default verdict decides no rule has matched.
    const asksForRules = this.query.groupBy.has('rule') || this.#ruleIds.size > 0;
    if (isDefaultRuleId(rule.ruleId) && !asksForRules) return undefined;
    return this.#key(place, rule);
  }

  ofHook(place: Place, hook: Hook): GroupKey | undefined {
    return this.hasTraffic && this.hasPlace(place) ? this.#key(place, { hook }) : undefined;
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

  #key(
    { hostId, namespace }: Place,
    { policy = '', ruleId = '', hook }: Partial<RuleName> & { hook?: Hook },
  ): GroupKey {
    const { groupBy, labelKeys } = this.query;
    const byRule = groupBy.has('rule');
    return {
      hostId: groupBy.has('host') ? hostId : '',
      namespace: groupBy.has('namespace') ? namespace : '',
      policy: byRule || groupBy.has('policy') ? policy : '',
      ruleId: byRule ? ruleId : '',
      hook: groupBy.has('hook') ? hook : undefined,
      labels: labelKeys.length === 0 ? NO_LABELS : this.#labels(hostId),
    };
  }

  #labels(hostId: string): Labels {
    const labels = this.labelsOf(hostId);
    return new Map(this.query.labelKeys.map((key) => [key, labels.get(key) ?? '']));
  }
}

export function keyText({ hostId, namespace, policy, ruleId, hook, labels }: GroupKey): string {
  return [hostId, namespace, policy, ruleId, hook ?? '', ...labels.values()].join('\0');
}

/** `keyText` of a group of a rule alone. */
export function ruleText({ policy, ruleId }: RuleName): string {
  return `\0\0${policy}\0${ruleId}\0`;
}

export function compareKeys(a: GroupKey, b: GroupKey): number {
  return compareText(keyText(a), keyText(b));
}

function allows(set: ReadonlySet<string>, value: string): boolean {
  return set.size === 0 || set.has(value);
}
