/**
 * From the Policy message to the model. Everything that is wrong goes to `violations`; what is returned means something
 * only when there are none.
 */
import {
  Action,
  Tier as WireTier,
  type DefaultVerdict as DefaultVerdictMessage,
  type Policy as PolicyMessage,
} from '@nsgate/proto';
import { HOOKS, TIER_NAMES } from '../compiler/wire-enums';
import type { DefaultVerdict, PolicySpec, Rule } from '../model/policy';
import { parseLabels } from '../rpc/label-parser';
import { quote, type Violations } from '../rpc/violations';
import { checkCount, checkPolicyName, checkText, unknownEnum } from './field-parsers';
import { parseLog, parseRule } from './rule-parser';
import { parseHostSelector, parseNamespaceSelector } from './selector-parser';

const MAX_RULES = 10_000;
const MAX_PRIORITY = 1000;

/** Reads what operators write of a policy; `field` is the path of the message. */
export function parsePolicy(message: PolicyMessage, field: string, violations: Violations): PolicySpec {
  checkPolicyName(message.name, `${field}.name`, violations);
  checkText(message.description, `${field}.description`, violations);
  if (Math.abs(message.priority) > MAX_PRIORITY) {
    violations.add(
      `${field}.priority`,
      `${message.priority} is not from -${MAX_PRIORITY} to ${MAX_PRIORITY}`,
    );
  }
  const tier = TIER_NAMES.fromWire(message.tier);
  if (tier === undefined && message.tier !== WireTier.TIER_UNSPECIFIED) {
    violations.add(`${field}.tier`, unknownEnum('a tier', message.tier));
  }
  return {
    name: message.name,
    description: message.description,
    labels: parseLabels(message.labels, `${field}.labels`, violations),
    hostSelector: parseHostSelector(message.hostSelector, `${field}.host_selector`, violations),
    namespaces: parseNamespaceSelector(message.namespaces, `${field}.namespaces`, violations),
    tier: tier ?? 'default',
    priority: message.priority,
    rules: parseRules(message, `${field}.rules`, violations),
    defaultVerdicts: parseDefaultVerdicts(message.defaultVerdicts, `${field}.default_verdicts`, violations),
  };
}

function parseRules({ rules }: PolicyMessage, field: string, violations: Violations): Rule[] {
  checkCount(rules, field, { max: MAX_RULES, violations });
  const firstById = new Map<string, number>();
  return rules.map((rule, i) => {
    const first = firstById.get(rule.id);
    if (first === undefined) firstById.set(rule.id, i);
    else violations.add(`${field}[${i}].id`, `${quote(rule.id)} is taken by ${field}[${first}]`);
    return parseRule(rule, `${field}[${i}]`, violations);
  });
}

function parseDefaultVerdicts(
  messages: DefaultVerdictMessage[],
  field: string,
  violations: Violations,
): DefaultVerdict[] {
  const firstByHook = new Map<number, number>();
  return messages.map((message, i) => {
    const first = firstByHook.get(message.hook);
    if (first === undefined) firstByHook.set(message.hook, i);
    else violations.add(`${field}[${i}].hook`, `${field}[${first}] states this hook's verdict already`);
    return parseDefaultVerdict(message, `${field}[${i}]`, violations);
  });
}

function parseDefaultVerdict(
  { hook, verdict, log: logMessage }: DefaultVerdictMessage,
  field: string,
  violations: Violations,
): DefaultVerdict {
  const word = HOOKS.fromWire(hook);
  if (word === undefined) violations.add(`${field}.hook`, unknownEnum('a hook', hook));
  if (verdict !== Action.ACTION_ACCEPT && verdict !== Action.ACTION_DROP) {
    violations.add(`${field}.verdict`, 'must be ACTION_ACCEPT or ACTION_DROP');
  }
  const log = parseLog(logMessage, `${field}.log`, violations);
  if (log !== undefined && verdict === Action.ACTION_ACCEPT) {
    violations.add(`${field}.log`, 'goes with ACTION_DROP only');
  }
  const known = {
    hook: word ?? 'input',
    verdict: verdict === Action.ACTION_ACCEPT ? 'accept' : 'drop',
  } as const;
  return log === undefined ? known : { ...known, log };
}
