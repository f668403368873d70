/** A policy as the controller thinks of it: valid, complete, and independent of the wire. */
import type { Match } from './match';
import type { NamespaceSelector, HostSelector, Labels } from './selector';

/** A hook of netfilter (enum nf_inet_hooks). */
export const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
export type Hook = (typeof HOOKS)[number];

/** How a rejected packet is answered. */
export type RejectWith =
  'network-unreachable' | 'host-unreachable' | 'port-unreachable' | 'admin-prohibited' | 'tcp-reset';

/** What becomes of a packet that a rule matches; `shadow` counts as if, and lets the packet go on. */
export type RuleAction =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop'; readonly shadow: boolean }
  | { readonly kind: 'reject'; readonly shadow: boolean; readonly answer?: RejectWith }
  | { readonly kind: 'count' };

/** How many packets are sampled, in each namespace apart: samples a second, and how many may come at once. */
export interface LogSampling {
  readonly rate: number;
  readonly burst: number;
}

export interface Rule {
  readonly id: string;
  readonly comment: string;
  readonly hook: Hook;
  readonly match: Match;
  readonly action: RuleAction;
  /** Left out: no samples. */
  readonly log?: LogSampling;
}

/** What becomes of the packets of one hook that no rule decides. */
export interface DefaultVerdict {
  readonly hook: Hook;
  readonly verdict: 'accept' | 'drop';
  /** Left out: no samples. */
  readonly log?: LogSampling;
}

/** Who speaks first when policies compose, in that order. */
export type Tier = 'emergency' | 'security' | 'platform' | 'default' | 'baseline';

/** What an operator writes. */
export interface PolicySpec {
  /** `policies/{policy_id}`. */
  readonly name: string;
  readonly description: string;
  readonly labels: Labels;
  readonly hostSelector: HostSelector;
  readonly namespaces: NamespaceSelector;
  readonly tier: Tier;
  readonly priority: number;
  readonly rules: readonly Rule[];
  readonly defaultVerdicts: readonly DefaultVerdict[];
}

/** What the controller gives a policy, beside its revision: differs when a policy of the same name is made anew. */
export interface PolicyOrigin {
  readonly uid: string;
  readonly createTime: Date;
  readonly updateTime: Date;
}

/** What was written of it, without what the store adds. */
export function specOf(policy: PolicySpec): PolicySpec {
  const { name, description, labels, hostSelector, namespaces, tier, priority, rules, defaultVerdicts } =
    policy;
  return { name, description, labels, hostSelector, namespaces, tier, priority, rules, defaultVerdicts };
}

/** A policy as it stands in the store. */
export interface Policy extends PolicySpec, PolicyOrigin {
  /** The store's revision at its last change. */
  readonly revision: bigint;
}

/** A policy without its rules: what lists are filtered and ordered by. */
export type PolicyHead = Pick<
  Policy,
  'name' | 'uid' | 'revision' | 'labels' | 'tier' | 'priority' | 'hostSelector' | 'updateTime'
>;

/** Names of the address sets that the policy refers to, none twice. */
export function setsOf({ rules }: Pick<PolicySpec, 'rules'>): string[] {
  const lists = rules.flatMap(({ match }) => [
    match.sourceSets,
    match.notSourceSets,
    match.destinationSets,
    match.notDestinationSets,
  ]);
  return [...new Set(lists.flat())];
}
