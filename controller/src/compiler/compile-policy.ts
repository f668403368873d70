/** From a policy as operators write it to the form that agents take: parsed, normalized, in binary. Pure. */
import {
  agentPolicyDigest,
  AgentPolicy,
  AgentRule,
  RejectWith,
  ruleKey,
  type PortRange,
  type Prefix,
} from '@nsgate/proto';
import { parsePrefix } from '../model/ip-prefix';
import { parseProtocol } from '../model/ip-protocol';
import type { Match, Policy, Rule } from '../model/policy';
import { parsePortRange } from '../model/port-range';
import { ACTIONS, HOOKS, REJECT_WITH } from './wire-enums';
import { matchFamilies } from './match-families';

/** The policy with its digest. Throws an Error for a policy that is not valid: such a one is never stored. */
export function compilePolicy(policy: Policy): AgentPolicy {
  const content = AgentPolicy.create({
    name: policy.name,
    uid: policy.uid,
    revision: policy.revision,
    priority: policy.priority,
    namespaces: { include: [...policy.namespaces.include], exclude: [...policy.namespaces.exclude] },
    rules: policy.rules.map((rule) => compileRule(policy.uid, rule)),
    defaultVerdicts: policy.defaultVerdicts.map(({ hook, verdict }) => ({
      hook: HOOKS.toWire(hook),
      verdict: ACTIONS.toWire(verdict),
      log: undefined,
    })),
  });
  return { ...content, digest: agentPolicyDigest(content) };
}

function compileRule(uid: string, rule: Rule): AgentRule {
  const { match, action } = rule;
  const families = matchFamilies(match);
  return AgentRule.fromPartial({
    id: rule.id,
    key: ruleKey(uid, rule.id),
    hook: HOOKS.toWire(rule.hook),
    action: ACTIONS.toWire(action.kind),
    shadow: 'shadow' in action && action.shadow,
    rejectWith:
      action.kind === 'reject'
        ? REJECT_WITH.toWire(action.answer ?? 'port-unreachable')
        : RejectWith.REJECT_WITH_UNSPECIFIED,
    ...families,
    sources: compilePrefixes(match.sources, families),
    destinations: compilePrefixes(match.destinations, families),
    protocols: compileProtocols(match),
    sourcePorts: compilePorts(match.sourcePorts),
    destinationPorts: compilePorts(match.destinationPorts),
  });
}

/** Prefixes of the families that the rule can match; the others could never hold. */
function compilePrefixes(texts: readonly string[], families: { ipv4: boolean; ipv6: boolean }): Prefix[] {
  const prefixes = texts.map((text) => {
    const parsed = parsePrefix(text);
    if (!parsed.ok) throw new Error(`prefix ${JSON.stringify(text)} ${parsed.problem}`);
    return { address: Buffer.from(parsed.prefix.address), length: parsed.prefix.length };
  });
  return prefixes.filter(({ address }) => (address.length === 4 ? families.ipv4 : families.ipv6));
}

function compileProtocols({ protocol }: Match): number[] {
  if (protocol === '') return [];
  const number = parseProtocol(protocol);
  if (number === undefined) throw new Error(`protocol ${JSON.stringify(protocol)} is unknown`);
  return [number];
}

function compilePorts(texts: readonly string[]): PortRange[] {
  return texts.map((text) => {
    const parsed = parsePortRange(text);
    if (!parsed.ok) throw new Error(`port range ${JSON.stringify(text)} ${parsed.problem}`);
    return { ...parsed.range };
  });
}
