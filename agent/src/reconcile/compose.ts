/** What each namespace is to enforce, out of the policies that select it. Pure. */
import { comparePolicies, selects, type Policy, type StatedVerdict } from '../desired-state/policy';
import {
  Action,
  EVERY_HOOK,
  MatchKind,
  rulesetDigest,
  type Digest,
  type Hook,
  type LogRate,
  type Ruleset,
} from '../kernel-device';

/** Several policies as one ruleset. */
export interface Composition {
  digest: Digest;
  ruleset: Ruleset;
  /** In the order in which they compose. */
  policies: readonly Policy[];
  /** Names, in the kernel, of the address sets that its rules refer to. */
  sets: ReadonlySet<string>;
}

/**
 * Composes for all namespaces of a host. It remembers its last results: a saving, never a difference. As long as it is given the
 * same `policies` (the same object), only names that are new are held against them.
 */
export class Composer {
  #policies: ReadonlyMap<string, Policy> | undefined;
  #ordered: readonly Policy[] = [];
  /** By name; undefined for a name that no policy selects. */
  #byName = new Map<string, Composition | undefined>();
  /** By the policies that they are made of. */
  #byContent = new Map<string, Composition>();

  /** By name, for each of `names` that a policy selects. */
  composeAll(policies: ReadonlyMap<string, Policy>, names: Iterable<string>): Map<string, Composition> {
    if (policies !== this.#policies) this.#begin(policies);
    const byName = new Map<string, Composition | undefined>();
    for (const name of names) {
      byName.set(name, this.#byName.has(name) ? this.#byName.get(name) : this.#select(name));
    }
    this.#byName = byName;
    const selected = [...byName].filter((entry): entry is [string, Composition] => entry[1] !== undefined);
    const used = new Set(selected.map(([, composition]) => composition));
    this.#byContent = new Map([...used].map((one) => [contentKey(one.policies), one]));
    return new Map(selected);
  }

  /** As composeAll, for one name more. */
  composeOne(policies: ReadonlyMap<string, Policy>, name: string): Composition | undefined {
    if (policies !== this.#policies) this.#begin(policies);
    if (!this.#byName.has(name)) this.#byName.set(name, this.#select(name));
    return this.#byName.get(name);
  }

  /** The revision of a policy is no part of its digest: compositions are kept, with the policies as they are now. */
  #begin(policies: ReadonlyMap<string, Policy>): void {
    this.#policies = policies;
    this.#ordered = [...policies.values()].sort(comparePolicies);
    this.#byName.clear();
    for (const [key, composition] of this.#byContent) {
      const current = composition.policies.map((policy) => policies.get(policy.name) ?? policy);
      this.#byContent.set(key, { ...composition, policies: current });
    }
  }

  #select(name: string): Composition | undefined {
    const policies = this.#ordered.filter((policy) => selects(policy, name));
    if (policies.length === 0) return undefined;
    const key = contentKey(policies);
    const composition = this.#byContent.get(key) ?? compose(policies);
    this.#byContent.set(key, composition);
    return composition;
  }
}

function contentKey(policies: readonly Policy[]): string {
  return policies.map(({ name, digest }) => `${name} ${digest}`).join('\n');
}

/** The rules of all policies in one list, in order of priority, then of name. */
export function compose(policies: readonly Policy[]): Composition {
  const ordered = [...policies].sort(comparePolicies);
  const ruleset = rulesetOf(ordered);
  return { digest: rulesetDigest(ruleset), ruleset, policies: ordered, sets: setsNamedBy(ruleset) };
}

/** `ordered`: as they compose. */
export function rulesetOf(ordered: readonly Policy[]): Ruleset {
  const verdicts = EVERY_HOOK.map((hook) => verdictAt(hook, ordered));
  const defaultLog = sharedLog(verdicts);
  return {
    defaultVerdicts: verdicts.map(({ verdict }) => verdict) as unknown as Ruleset['defaultVerdicts'],
    ...(defaultLog === undefined ? {} : { defaultLog }),
    rules: ordered.flatMap(({ rules }) => rules.map(({ rule }) => rule)),
  };
}

/** The policy and rule that stand at an index of the composed list, in words. */
export function describeRule({ policies }: Pick<Composition, 'policies'>, index: number): string {
  let left = index;
  for (const { name, rules } of policies) {
    const rule = rules[left];
    if (rule !== undefined) return `${name}, rule ${rule.id}`;
    left -= rules.length;
  }
  return `rule ${index}`;
}

function verdictAt(hook: Hook, ordered: readonly Policy[]): StatedVerdict {
  const stated = ordered.map(({ defaultVerdicts }) => defaultVerdicts.get(hook));
  return stated.find((verdict) => verdict !== undefined) ?? { verdict: Action.ACCEPT };
}

/** A ruleset has one rate for what its default verdicts drop, whatever the hook: the highest that is asked for. */
function sharedLog(verdicts: readonly StatedVerdict[]): LogRate | undefined {
  const logs = verdicts.map(({ log }) => log).filter((log) => log !== undefined);
  if (logs.length === 0) return undefined;
  return {
    rate: Math.max(...logs.map(({ rate }) => rate)),
    burst: Math.max(...logs.map(({ burst }) => burst)),
  };
}

function setsNamedBy({ rules }: Ruleset): ReadonlySet<string> {
  const names = new Set<string>();
  for (const match of rules.flatMap(({ matches }) => matches)) {
    if (match.kind !== MatchKind.SRC_SET && match.kind !== MatchKind.DST_SET) continue;
    for (const name of match.items) names.add(name);
  }
  return names;
}
