/** From the Rule message to the model, as in policy-parser.ts. */
import { RejectWith, type Match as MatchMessage, type Rule as RuleMessage } from '@nsgate/proto';
import { matchFamilies } from '../compiler/match-families';
import { ACTIONS, HOOKS, REJECT_WITH } from '../compiler/wire-enums';
import { parsePrefix } from '../model/ip-prefix';
import { hasPorts, parseProtocol, PROTOCOL_NAMES, TCP } from '../model/ip-protocol';
import type { Hook, Match, Rule, RuleAction } from '../model/policy';
import { parsePortRange } from '../model/port-range';
import { quote, type Violations } from '../rpc/violations';
import { checkCount, checkText, unknownEnum } from './field-parsers';

const RULE_ID = /^[A-Za-z0-9._-]{1,63}$/;
const MAX_ITEMS = 1024;
const REJECT_HOOKS: readonly Hook[] = ['input', 'forward', 'output'];

export function parseRule(message: RuleMessage, field: string, violations: Violations): Rule {
  if (!RULE_ID.test(message.id)) {
    violations.add(`${field}.id`, `${quote(message.id)} is not 1 to 63 of letters, digits, -, _ and .`);
  }
  checkText(message.comment, `${field}.comment`, violations);
  const hook = HOOKS.fromWire(message.hook);
  if (hook === undefined) violations.add(`${field}.hook`, unknownEnum('a hook', message.hook));
  const match = parseMatch(message.match, `${field}.match`, violations);
  const rule: Rule = {
    id: message.id,
    comment: message.comment,
    hook: hook ?? 'input',
    match,
    action: parseAction(message, field, violations),
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

function parseMatch(message: MatchMessage | undefined, field: string, violations: Violations): Match {
  const match: Match = {
    sources: message?.sources ?? [],
    destinations: message?.destinations ?? [],
    protocol: message?.protocol ?? '',
    sourcePorts: message?.sourcePorts ?? [],
    destinationPorts: message?.destinationPorts ?? [],
  };
  checkItems(match.sources, `${field}.sources`, { parse: parsePrefix, violations });
  checkItems(match.destinations, `${field}.destinations`, { parse: parsePrefix, violations });
  checkItems(match.sourcePorts, `${field}.source_ports`, { parse: parsePortRange, violations });
  checkItems(match.destinationPorts, `${field}.destination_ports`, { parse: parsePortRange, violations });
  checkProtocol(match, field, violations);
  checkFamilies(match, field, violations);
  return match;
}

interface ItemCheck {
  parse: (text: string) => { ok: true } | { ok: false; problem: string };
  violations: Violations;
}

function checkItems(items: readonly string[], field: string, { parse, violations }: ItemCheck): void {
  checkCount(items, field, { max: MAX_ITEMS, violations });
  for (const [i, text] of items.entries()) {
    const parsed = parse(text);
    if (!parsed.ok) violations.add(`${field}[${i}]`, `${quote(text)} ${parsed.problem}`);
  }
}

function checkProtocol(match: Match, field: string, violations: Violations): void {
  const number = parseProtocol(match.protocol);
  if (match.protocol !== '' && number === undefined) {
    violations.add(
      `${field}.protocol`,
      `${quote(match.protocol)} is none of ${PROTOCOL_NAMES}, nor a number from 0 to 255`,
    );
    return;
  }
  const portFields = { source_ports: match.sourcePorts, destination_ports: match.destinationPorts };
  for (const [name, ports] of Object.entries(portFields)) {
    if (ports.length > 0 && (number === undefined || !hasPorts(number))) {
      violations.add(`${field}.${name}`, 'needs match.protocol tcp, udp, udplite, sctp or dccp');
    }
  }
}

/** A rule that can never match is a mistake: it would count nothing and stop nothing. */
function checkFamilies(match: Match, field: string, violations: Violations): void {
  const { ipv4, ipv6 } = matchFamilies(match);
  if (ipv4 || ipv6) return;
  const withoutProtocol = matchFamilies({ ...match, protocol: '' });
  if (withoutProtocol.ipv4 || withoutProtocol.ipv6) {
    const other = withoutProtocol.ipv4 ? 'IPv4' : 'IPv6';
    violations.add(
      `${field}.protocol`,
      `${quote(match.protocol)} never matches prefixes that are all ${other}`,
    );
  } else {
    violations.add(field, 'never matches: sources and destinations have no address family in common');
  }
}
