// Says of which rulesets more packets are matched than are meant to be.
import type { Family } from './ruleset-generator';

/** A ruleset that packets were sent at. */
export interface TriedRuleset {
  readonly family: Family;
  readonly rules: number;
  /** How many of the rules the subject held. */
  readonly held: number;
  /** How many of the distinct packets some rule that it held matches. */
  readonly hits: number;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** The sizes of one family, e.g. `fw with 100 rules (64) or 1,000 (60)`. */
function familyText(family: Family, tried: readonly TriedRuleset[]): string {
  const [first, ...others] = tried.map(({ rules, hits }, index) => {
    return `${grouped(rules)}${index === 0 ? ' rules' : ''} (${grouped(hits)})`;
  });
  return `${family} with ${[first, ...others].join(', ')}`;
}

/**
 * The rulesets of which more than half of the packets hit some rule, and how many do; empty if there are none.
 * @param tried rulesets that are held in part are left out
 * @param packets distinct ones for each ruleset
 */
export function manyHitsText(tried: readonly TriedRuleset[], packets: number): string {
  const many = new Map<Family, Map<number, TriedRuleset>>();
  for (const ruleset of tried) {
    if (ruleset.held !== ruleset.rules || ruleset.hits <= Math.ceil(packets / 2)) continue;
    const ofFamily = many.get(ruleset.family) ?? new Map<number, TriedRuleset>();
    many.set(ruleset.family, ofFamily.set(ruleset.rules, ruleset));
  }
  if (many.size === 0) return '';
  const families = [...many].map(([family, bySize]) => familyText(family, [...bySize.values()]));
  return `Where rules leave hardly a packet unmatched, more than half of the ${grouped(packets)} hit one: ${families.join('; ')}.`;
}
