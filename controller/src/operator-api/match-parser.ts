/** From the Match message to the model, as in policy-parser.ts. */
import {
  Match as MatchMessage,
  type TcpFlag as WireTcpFlag,
  type TcpFlagsMatch as TcpFlagsMessage,
} from '@nsgate/proto';
import { matchFamilies } from '../compiler/match-families';
import { CONNECTION_STATES, TCP_FLAGS } from '../compiler/wire-enums';
import { parseIcmpType } from '../model/icmp-type';
import { interfaceProblem } from '../model/interface-pattern';
import { parsePrefix } from '../model/ip-prefix';
import { hasPorts, ICMP, ICMPV6, parseProtocol, PROTOCOL_NAMES, TCP } from '../model/ip-protocol';
import {
  negationOf,
  TEXT_FIELDS,
  type ConnectionState,
  type Match,
  type TcpFlag,
  type TcpFlagsMatch,
  type TextField,
} from '../model/match';
import { parseMark } from '../model/packet-mark';
import { parsePortRange } from '../model/port-range';
import type { Hook } from '../model/policy';
import { isAddressSetName, POLICY_ID_FORM } from '../model/resource-name';
import { quote, type Violations } from '../rpc/violations';
import { checkCount, fieldName, unknownEnum } from './field-parsers';

const MANY = 1024;
const FEW = 64;

/** What is asked of each entry of a list; a problem is a phrase to put behind the entry. */
interface TextRule {
  readonly max: number;
  readonly problem: (text: string, match: MatchMessage) => string | undefined;
}

const TEXT_RULES: Readonly<Record<TextField, TextRule>> = {
  sources: { max: MANY, problem: prefixProblem },
  destinations: { max: MANY, problem: prefixProblem },
  sourcePorts: { max: MANY, problem: portProblem },
  destinationPorts: { max: MANY, problem: portProblem },
  sourceSets: { max: FEW, problem: setProblem },
  destinationSets: { max: FEW, problem: setProblem },
  icmpTypes: { max: MANY, problem: icmpProblem },
  inInterfaces: { max: FEW, problem: interfaceProblem },
  outInterfaces: { max: FEW, problem: interfaceProblem },
  marks: { max: FEW, problem: markProblem },
};

const INTERFACE_HOOKS: Readonly<Record<'inInterfaces' | 'outInterfaces', readonly Hook[]>> = {
  inInterfaces: ['prerouting', 'input', 'forward'],
  outInterfaces: ['forward', 'output', 'postrouting'],
};

/** `hook` undefined: it is wrong, and told already. */
export function parseMatch(
  message: MatchMessage = MatchMessage.create(),
  hook: Hook | undefined,
  { field, violations }: { field: string; violations: Violations },
): Match {
  for (const name of TEXT_FIELDS) checkTexts(message, name, { field, violations });
  checkProtocol(message, field, violations);
  checkInterfaceHooks(message, hook, { field, violations });
  const match: Match = {
    ...message,
    tcpFlags: parseTcpFlags(message.tcpFlags, `${field}.tcp_flags`, violations),
    notTcpFlags: parseTcpFlags(message.notTcpFlags, `${field}.not_tcp_flags`, violations),
    states: parseStates(message.states, `${field}.states`, violations),
  };
  if (message.tcpFlags.length > 0 && message.notTcpFlags.length > 0) {
    violations.add(`${field}.not_tcp_flags`, besides('tcp_flags'));
  }
  checkFamilies(match, field, violations);
  return match;
}

function checkTexts(
  message: MatchMessage,
  name: TextField,
  { field, violations }: { field: string; violations: Violations },
): void {
  const negation = negationOf(name);
  // Most fields of most rules are not set; policies have thousands of rules.
  if (message[name].length === 0 && message[negation].length === 0) return;
  const { max, problem } = TEXT_RULES[name];
  for (const key of [name, negation]) {
    const path = `${field}.${fieldName(key)}`;
    checkCount(message[key], path, { max, violations });
    for (const [i, text] of message[key].entries()) {
      const found = problem(text, message);
      if (found !== undefined) violations.add(`${path}[${i}]`, `${quote(text)} ${found}`);
    }
  }
  if (message[name].length > 0 && message[negation].length > 0) {
    violations.add(`${field}.${fieldName(negation)}`, besides(fieldName(name)));
  }
}

function besides(field: string): string {
  return `cannot be set beside ${field}: leave out what is not to match`;
}

function prefixProblem(text: string): string | undefined {
  const parsed = parsePrefix(text);
  return parsed.ok ? undefined : parsed.problem;
}

function portProblem(text: string): string | undefined {
  const parsed = parsePortRange(text);
  return parsed.ok ? undefined : parsed.problem;
}

function markProblem(text: string): string | undefined {
  const parsed = parseMark(text);
  return parsed.ok ? undefined : parsed.problem;
}

function setProblem(text: string): string | undefined {
  return isAddressSetName(text)
    ? undefined
    : `is not addressSets/{address_set_id}, the id being ${POLICY_ID_FORM}`;
}

/** Types mean something only in their protocol: where that is wrong, it alone is blamed. */
function icmpProblem(text: string, { protocol }: MatchMessage): string | undefined {
  const number = parseProtocol(protocol);
  if (number !== ICMP && number !== ICMPV6) return undefined;
  const parsed = parseIcmpType(text, number);
  return parsed.ok ? undefined : parsed.problem;
}

/** What a field needs the protocol to be. */
const PROTOCOL_NEEDS: readonly {
  readonly fields: readonly (keyof MatchMessage)[];
  readonly holds: (number: number) => boolean;
  readonly needs: string;
}[] = [
  {
    fields: ['sourcePorts', 'notSourcePorts', 'destinationPorts', 'notDestinationPorts'],
    holds: hasPorts,
    needs: 'tcp, udp, udplite, sctp or dccp',
  },
  {
    fields: ['icmpTypes', 'notIcmpTypes'],
    holds: (number) => number === ICMP || number === ICMPV6,
    needs: 'icmp or icmpv6',
  },
  { fields: ['tcpFlags', 'notTcpFlags'], holds: (number) => number === TCP, needs: 'tcp' },
];

function checkProtocol(message: MatchMessage, field: string, violations: Violations): void {
  const { protocol, notProtocol } = message;
  checkProtocolText(notProtocol, `${field}.not_protocol`, violations);
  if (!checkProtocolText(protocol, `${field}.protocol`, violations)) return;
  if (protocol !== '' && notProtocol !== '') violations.add(`${field}.not_protocol`, besides('protocol'));
  const number = parseProtocol(protocol);
  for (const { fields, holds, needs } of PROTOCOL_NEEDS) {
    for (const name of fields) {
      const isSet = (message[name] as readonly unknown[]).length > 0;
      if (isSet && (number === undefined || !holds(number))) {
        violations.add(`${field}.${fieldName(name)}`, `needs match.protocol ${needs}`);
      }
    }
  }
}

function checkProtocolText(text: string, field: string, violations: Violations): boolean {
  const known = text === '' || parseProtocol(text) !== undefined;
  if (!known)
    violations.add(field, `${quote(text)} is none of ${PROTOCOL_NAMES}, nor a number from 0 to 255`);
  return known;
}

function checkInterfaceHooks(
  message: MatchMessage,
  hook: Hook | undefined,
  { field, violations }: { field: string; violations: Violations },
): void {
  for (const name of ['inInterfaces', 'outInterfaces'] as const) {
    for (const key of [name, negationOf(name)]) {
      if (hook === undefined || message[key].length === 0 || INTERFACE_HOOKS[name].includes(hook)) continue;
      const hooks = INTERFACE_HOOKS[name].map((one) => `HOOK_${one.toUpperCase()}`).join(', ');
      violations.add(`${field}.${fieldName(key)}`, `a packet has none on this hook: it works on ${hooks}`);
    }
  }
}

function parseTcpFlags(
  messages: readonly TcpFlagsMessage[],
  field: string,
  violations: Violations,
): TcpFlagsMatch[] {
  checkCount(messages, field, { max: FEW, violations });
  return messages.map((message, i) => {
    const set = parseFlags(message.set, `${field}[${i}].set`, violations);
    const unset = parseFlags(message.unset, `${field}[${i}].unset`, violations);
    if (message.set.length + message.unset.length === 0) {
      violations.add(`${field}[${i}]`, 'names no flag');
    }
    for (const [j, flag] of unset.entries()) {
      if (set.includes(flag)) violations.add(`${field}[${i}].unset[${j}]`, 'stands in set, too');
    }
    return { set, unset };
  });
}

function parseFlags(numbers: readonly WireTcpFlag[], field: string, violations: Violations): TcpFlag[] {
  return parseEnums(numbers, {
    field,
    violations,
    what: 'a flag',
    fromWire: (number) => TCP_FLAGS.fromWire(number),
  });
}

function parseStates(numbers: readonly number[], field: string, violations: Violations): ConnectionState[] {
  return parseEnums(numbers, {
    field,
    violations,
    what: 'a state',
    fromWire: (number) => CONNECTION_STATES.fromWire(number),
  });
}

interface EnumList<Word> {
  readonly field: string;
  readonly violations: Violations;
  readonly what: string;
  readonly fromWire: (number: number) => Word | undefined;
}

/** Words, none twice. */
function parseEnums<Word>(
  numbers: readonly number[],
  { field, violations, what, fromWire }: EnumList<Word>,
): Word[] {
  const words = new Set<Word>();
  for (const [i, number] of numbers.entries()) {
    const word = fromWire(number);
    if (word === undefined) violations.add(`${field}[${i}]`, unknownEnum(what, number));
    else if (words.has(word)) violations.add(`${field}[${i}]`, 'stands there twice');
    else words.add(word);
  }
  return [...words];
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
