/** From the Rule message to the model, as in policy-parser.ts. */
import { RejectWith, type LogSampling as LogMessage, type Rule as RuleMessage } from '@nsgate/proto';
import { ACTIONS, HOOKS, REJECT_WITH } from '../compiler/wire-enums';
import { parseProtocol, TCP } from '../model/ip-protocol';
import type { Hook, LogSampling, Rule, RuleAction } from '../model/policy';
import { quote, type Violations } from '../rpc/violations';
import { checkText, unknownEnum } from './field-parsers';
import { parseMatch } from './match-parser';

const RULE_ID = /^[A-Za-z0-9._-]{1,63}$/;
const MAX_SAMPLES = 1000;
const DEFAULT_SAMPLES = 10;
const REJECT_HOOKS: readonly Hook[] = ['input', 'forward', 'output'];

export function parseRule(message: RuleMessage, field: string, violations: Violations): Rule {
  if (!RULE_ID.test(message.id)) {
    violations.add(`${field}.id`, `${quote(message.id)} is not 1 to 63 of letters, digits, -, _ and .`);
  }
  checkText(message.comment, `${field}.comment`, violations);
  const hook = HOOKS.fromWire(message.hook);
  if (hook === undefined) violations.add(`${field}.hook`, unknownEnum('a hook', message.hook));
  const match = parseMatch(message.match, hook, { field: `${field}.match`, violations });
  const log = parseLog(message.log, `${field}.log`, violations);
  const rule: Rule = {
    id: message.id,
    comment: message.comment,
    hook: hook ?? 'input',
    match,
    action: parseAction(message, field, violations),
    ...(log && { log }),
  };
  if (rule.action.kind === 'reject') checkReject(rule, field, violations);
  return rule;
}

function parseAction(message: RuleMessage, field: string, violations: Violations): RuleAction {
  const { shadow } = message;
  const kind = ACTIONS.fromWire(message.action);
  if (kind === undefined) violations.add(`${field}.action`, unknownEnum('an action', message.action));
  if (shadow && (kind === 'accept' || kind === 'count')) {
    violations.add(`${field}.shadow`, 'goes with ACTION_DROP and ACTION_REJECT only');
  }
  const answer = parseRejectWith(message, field, violations);
  if (kind === 'reject') return answer === undefined ? { kind, shadow } : { kind, shadow, answer };
  if (answer !== undefined && kind !== undefined) {
    violations.add(`${field}.reject_with`, 'goes with ACTION_REJECT only');
  }
  return kind === 'drop' ? { kind, shadow } : { kind: kind ?? 'count' };
}

function parseRejectWith(
  { rejectWith }: RuleMessage,
  field: string,
  violations: Violations,
): ReturnType<typeof REJECT_WITH.fromWire> {
  const answer = REJECT_WITH.fromWire(rejectWith);
  if (answer === undefined && rejectWith !== RejectWith.REJECT_WITH_UNSPECIFIED) {
    violations.add(`${field}.reject_with`, unknownEnum('an answer', rejectWith));
  }
  return answer;
}

function checkReject({ hook, action, match }: Rule, field: string, violations: Violations): void {
  if (!REJECT_HOOKS.includes(hook)) {
    violations.add(`${field}.action`, 'ACTION_REJECT works on HOOK_INPUT, HOOK_FORWARD and HOOK_OUTPUT only');
  }
  const resets = action.kind === 'reject' && action.answer === 'tcp-reset';
  if (resets && parseProtocol(match.protocol) !== TCP) {
    violations.add(`${field}.reject_with`, 'REJECT_WITH_TCP_RESET needs match.protocol tcp');
  }
}

/** The bucket, its defaults filled in. */
export function parseLog(
  message: LogMessage | undefined,
  field: string,
  violations: Violations,
): LogSampling | undefined {
  if (message === undefined) return undefined;
  for (const name of ['rate', 'burst'] as const) {
    if (message[name] > MAX_SAMPLES) {
      violations.add(`${field}.${name}`, `${message[name]} is above ${MAX_SAMPLES}`);
    }
  }
  const rate = message.rate || DEFAULT_SAMPLES;
  return { rate, burst: message.burst || rate };
}
