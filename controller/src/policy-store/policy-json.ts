/** The stored form of a policy: JSON, with its maps as lists of pairs, and without what a match does not ask. */
import { ANY_PACKET, type Match } from '../model/match';
import type { PolicySpec, Rule } from '../model/policy';

type StoredRule = Omit<Rule, 'match'> & { readonly match: Partial<Match> };
type StoredSpec = Omit<PolicySpec, 'labels' | 'tier' | 'rules'> & {
  readonly labels: readonly (readonly [string, string])[];
  /** Not there in what was stored before there were tiers. */
  readonly tier?: PolicySpec['tier'];
  readonly rules: readonly StoredRule[];
};

export function policyToJson(spec: PolicySpec): string {
  const { name, description, hostSelector, namespaces, tier, priority, rules, defaultVerdicts } = spec;
  const stored: StoredSpec = {
    name,
    description,
    labels: [...spec.labels],
    hostSelector,
    namespaces,
    tier,
    priority,
    rules: rules.map((rule) => ({ ...rule, match: asked(rule.match) })),
    defaultVerdicts,
  };
  return JSON.stringify(stored);
}

/** Only ever reads what policyToJson wrote, now or in an earlier version. */
export function policyFromJson(json: string): PolicySpec {
  const stored = JSON.parse(json) as StoredSpec;
  const rules = stored.rules.map((rule) => ({ ...rule, match: { ...ANY_PACKET, ...rule.match } }));
  return { ...stored, labels: new Map(stored.labels), tier: stored.tier ?? 'default', rules };
}

function asked(match: Match): Partial<Match> {
  const entries = Object.entries(match) as [keyof Match, string | readonly unknown[]][];
  return Object.fromEntries(entries.filter(([, part]) => part.length > 0));
}
