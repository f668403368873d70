/** Policies, short enough to read in a test. */
import { Action, Hook, Policy, Rule, type Match } from '@nsgate/proto';

/** Drops on INPUT what matches. */
export function rule(id: string, match: Partial<Match>): Rule {
  return Rule.fromPartial({ id, hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP, match });
}

export interface PolicyShape {
  /** Names and globs of namespaces. */
  include: string[];
  rules: Rule[];
  priority?: number;
}

export function policyOf(id: string, { include, rules, priority = 0 }: PolicyShape): Policy {
  return Policy.fromPartial({ name: `policies/${id}`, namespaces: { include }, rules, priority });
}
