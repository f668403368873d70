/** From a policy as operators write it to the form that agents take: parsed, normalized, in binary. Pure. */
import { agentPolicyDigest, AgentPolicy } from '@nsgate/proto';
import type { Policy, PolicySpec } from '../model/policy';
import { compileRule } from './compile-rule';
import { ACTIONS, HOOKS, TIER_NAMES } from './wire-enums';

/** Wider than all priorities of one tier. */
const TIER_SPAN = 10_000;

/** The policy with its digest. Throws an Error for a policy that is not valid: such a one is never stored. */
export function compilePolicy(policy: Policy): AgentPolicy {
  const content = AgentPolicy.create({
    name: policy.name,
    uid: policy.uid,
    revision: policy.revision,
    priority: composedPriority(policy),
    namespaces: { include: [...policy.namespaces.include], exclude: [...policy.namespaces.exclude] },
    rules: policy.rules.map((rule) => compileRule(policy.uid, rule)),
    defaultVerdicts: policy.defaultVerdicts.map(({ hook, verdict, log }) => ({
      hook: HOOKS.toWire(hook),
      verdict: ACTIONS.toWire(verdict),
      log: log && { ...log },
    })),
  });
  return { ...content, digest: agentPolicyDigest(content) };
}

/** Tier and priority as one number: lower comes first when policies compose. */
export function composedPriority({ tier, priority }: Pick<PolicySpec, 'tier' | 'priority'>): number {
  return TIER_NAMES.toWire(tier) * TIER_SPAN + priority;
}
