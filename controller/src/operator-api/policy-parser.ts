/**
 * From the Policy message to the model. Everything that is wrong goes to `violations`; what is returned means something
 * only when there are none.
 */
import {
  Action,
  type DefaultVerdict as DefaultVerdictMessage,
  type Policy as PolicyMessage,
} from '@nsgate/proto';
import { HOOKS } from '../compiler/wire-enums';
import type { DefaultVerdict, PolicySpec, Rule } from '../model/policy';
import { parseLabels } from '../rpc/label-parser';
import { quote, type Violations } from '../rpc/violations';
import { checkCount, checkPolicyName, checkText, unknownEnum } from './field-parsers';
import { parseRule } from './rule-parser';
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
  return {
    name: message.name,
    description: message.description,
    labels: parseLabels(message.labels, `${field}.labels`, violations),
    hostSelector: parseHostSelector(message.hostSelector, `${field}.host_selector`, violations),
    namespaces: parseNamespaceSelector(message.namespaces, `${field}.namespaces`, violations),
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
  return messages.map(({ hook, verdict }, i) => {
    const word = HOOKS.fromWire(hook);
    const first = firstByHook.get(hook);
    if (word === undefined) violations.add(`${field}[${i}].hook`, unknownEnum('a hook', hook));
    else if (first === undefined) firstByHook.set(hook, i);
    else violations.add(`${field}[${i}].hook`, `${field}[${first}] states this hook's verdict already`);
    if (verdict !== Action.ACTION_ACCEPT && verdict !== Action.ACTION_DROP) {
      violations.add(`${field}[${i}].verdict`, 'must be ACTION_ACCEPT or ACTION_DROP');
    }
    return { hook: word ?? 'input', verdict: verdict === Action.ACTION_ACCEPT ? 'accept' : 'drop' };
  });
}
