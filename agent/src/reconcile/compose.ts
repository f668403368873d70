/** What each namespace is to enforce, out of the policies that select it. Pure. */
import { comparePolicies, selects, type Policy } from '../desired-state/policy';
import {
  Action,
  EVERY_HOOK,
  rulesetDigest,
  type DefaultVerdict,
  type Digest,
  type Ruleset,
} from '../kernel-device';

/** Several policies as one ruleset. */
export interface Composition {
  digest: Digest;
  ruleset: Ruleset;
  /** In the order in which they compose. */
  policies: readonly Policy[];
}

/** Compositions of earlier calls, by the policies that they are made of: a saving, never a difference. */
export type CompositionCache = Map<string, Composition>;

/**
 * By name, for each of `names` that a policy selects. Forgets what is in the cache and not among the results.
 */
export function composeAll(
  policies: Iterable<Policy>,
  names: Iterable<string>,
  cache: CompositionCache = new Map(),
): Map<string, Composition> {
  const ordered = [...policies].sort(comparePolicies);
  const composed = new Map<string, Composition>();
  const used: CompositionCache = new Map();
  for (const name of names) {
    const selected = ordered.filter((policy) => selects(policy, name));
    if (selected.length === 0) continue;
    const key = selected.map((policy) => `${policy.name} ${policy.digest}`).join('\n');
    const composition = used.get(key) ?? refresh(cache.get(key), selected) ?? compose(selected);
    used.set(key, composition);
    composed.set(name, composition);
  }
  cache.clear();
  for (const [key, composition] of used) cache.set(key, composition);
  return composed;
}

/** The rules of all policies in one list, in order of priority, then of name. */
export function compose(policies: readonly Policy[]): Composition {
  const ordered = [...policies].sort(comparePolicies);
  const ruleset: Ruleset = {
    defaultVerdicts: composeVerdicts(ordered),
    rules: ordered.flatMap(({ rules }) => rules.map(({ rule }) => rule)),
  };
  return { digest: rulesetDigest(ruleset), ruleset, policies: ordered };
}

/** The policy and rule that stand at an index of the composed list, in words. */
export function describeRule({ policies }: Composition, index: number): string {
  let left = index;
  for (const { name, rules } of policies) {
    const rule = rules[left];
    if (rule !== undefined) return `${name}, rule ${rule.id}`;
    left -= rules.length;
  }
  return `rule ${index}`;
}

/** The revision of a policy is not part of its digest: take the policies as they are now. */
function refresh(cached: Composition | undefined, policies: readonly Policy[]): Composition | undefined {
  return cached === undefined ? undefined : { ...cached, policies };
}

function composeVerdicts(ordered: readonly Policy[]): Ruleset['defaultVerdicts'] {
  const verdicts = EVERY_HOOK.map((hook): DefaultVerdict => {
    const stated = ordered.map(({ defaultVerdicts }) => defaultVerdicts.get(hook));
    return stated.find((verdict) => verdict !== undefined) ?? Action.ACCEPT;
  });
  return verdicts as unknown as Ruleset['defaultVerdicts'];
}
