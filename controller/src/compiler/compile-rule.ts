/** From a rule as operators write it to the form that agents take, as in compile-policy.ts. */
import {
  MatchField,
  RejectWith,
  ruleKey,
  type AgentRule,
  type IcmpRange,
  type Mark,
  type PortRange,
  type Prefix,
  type TcpFlags,
} from '@nsgate/proto';
import { parseIcmpType } from '../model/icmp-type';
import { parsePrefix } from '../model/ip-prefix';
import { parseProtocol } from '../model/ip-protocol';
import {
  protocolCriterion,
  tcpFlagsCriterion,
  textCriterion,
  type Criterion,
  type Match,
  type TcpFlag,
  type TextField,
} from '../model/match';
import { parseMark } from '../model/packet-mark';
import type { Rule, RuleAction } from '../model/policy';
import { parsePortRange } from '../model/port-range';
import { matchFamilies, type Families } from './match-families';
import { ACTIONS, CONNECTION_STATES, HOOKS, REJECT_WITH } from './wire-enums';

/** By the agent's names for them. */
const NEGATABLE: Readonly<Record<TextField | 'protocol' | 'tcpFlags', MatchField>> = {
  sources: MatchField.MATCH_FIELD_SOURCES,
  destinations: MatchField.MATCH_FIELD_DESTINATIONS,
  protocol: MatchField.MATCH_FIELD_PROTOCOLS,
  sourcePorts: MatchField.MATCH_FIELD_SOURCE_PORTS,
  destinationPorts: MatchField.MATCH_FIELD_DESTINATION_PORTS,
  icmpTypes: MatchField.MATCH_FIELD_ICMP,
  tcpFlags: MatchField.MATCH_FIELD_TCP_FLAGS,
  inInterfaces: MatchField.MATCH_FIELD_IN_INTERFACES,
  outInterfaces: MatchField.MATCH_FIELD_OUT_INTERFACES,
  marks: MatchField.MATCH_FIELD_MARKS,
  sourceSets: MatchField.MATCH_FIELD_SOURCE_SETS,
  destinationSets: MatchField.MATCH_FIELD_DESTINATION_SETS,
};

const NEGATABLE_FIELDS = Object.entries(NEGATABLE) as [keyof typeof NEGATABLE, MatchField][];

/** Bits of byte 13 of the TCP header (RFC 9293 section 3.1). */
export const TCP_FLAG_BITS: Readonly<Record<TcpFlag, number>> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ece: 64,
  cwr: 128,
};

/**
 * Throws an Error for a rule that is not valid. `uid` is the policy's. One literal, nothing spread into it: policies have
 * thousands of rules, and an object of so many fields that grows by a spread becomes a hash table.
 */
export function compileRule(uid: string, { id, hook, match, action, log }: Rule): AgentRule {
  const families = matchFamilies(match);
  const texts = (name: TextField): readonly string[] => textCriterion(match, name).items;
  return {
    id,
    key: ruleKey(uid, id),
    hook: HOOKS.toWire(hook),
    action: ACTIONS.toWire(action.kind),
    shadow: 'shadow' in action && action.shadow,
    rejectWith: compileRejectWith(action),
    ipv4: families.ipv4,
    ipv6: families.ipv6,
    sources: compilePrefixes(texts('sources'), families),
    destinations: compilePrefixes(texts('destinations'), families),
    protocols: compileProtocols(match),
    sourcePorts: texts('sourcePorts').map(compilePorts),
    destinationPorts: texts('destinationPorts').map(compilePorts),
    icmp: texts('icmpTypes').map((text) => compileIcmp(text, match)),
    tcpFlags: tcpFlagsCriterion(match).items.map(compileTcpFlags),
    inInterfaces: [...texts('inInterfaces')],
    outInterfaces: [...texts('outInterfaces')],
    states: match.states.map((state) => CONNECTION_STATES.toWire(state)),
    marks: texts('marks').map(compileMark),
    sourceSets: [...texts('sourceSets')],
    destinationSets: [...texts('destinationSets')],
    negated: negatedFields(match),
    log: log && { ...log },
  };
}

function compileRejectWith(action: RuleAction): RejectWith {
  if (action.kind !== 'reject') return RejectWith.REJECT_WITH_UNSPECIFIED;
  return REJECT_WITH.toWire(action.answer ?? 'port-unreachable');
}

function negatedFields(match: Match): MatchField[] {
  return NEGATABLE_FIELDS.filter(([name]) => criterion(match, name).negated).map(([, field]) => field);
}

function criterion(match: Match, name: keyof typeof NEGATABLE): Criterion<unknown> {
  if (name === 'protocol') return protocolCriterion(match);
  return name === 'tcpFlags' ? tcpFlagsCriterion(match) : textCriterion(match, name);
}

/** Prefixes of the families that the rule can match; the others could never hold. */
function compilePrefixes(texts: readonly string[], families: Families): Prefix[] {
  const prefixes = texts.map((text) => {
    const parsed = parsePrefix(text);
    if (!parsed.ok) throw invalid('prefix', text, parsed.problem);
    return { address: Buffer.from(parsed.prefix.address), length: parsed.prefix.length };
  });
  return prefixes.filter(({ address }) => (address.length === 4 ? families.ipv4 : families.ipv6));
}

function compileProtocols(match: Match): number[] {
  return protocolCriterion(match).items.map((protocol) => {
    const number = parseProtocol(protocol);
    if (number === undefined) throw invalid('protocol', protocol, 'is unknown');
    return number;
  });
}

function compilePorts(text: string): PortRange {
  const parsed = parsePortRange(text);
  if (!parsed.ok) throw invalid('port range', text, parsed.problem);
  return { ...parsed.range };
}

function compileIcmp(text: string, { protocol }: Match): IcmpRange {
  const parsed = parseIcmpType(text, parseProtocol(protocol) ?? 0);
  if (!parsed.ok) throw invalid('icmp type', text, parsed.problem);
  return { ...parsed.range };
}

function compileMark(text: string): Mark {
  const parsed = parseMark(text);
  if (!parsed.ok) throw invalid('mark', text, parsed.problem);
  return { ...parsed.mark };
}

function compileTcpFlags({ set, unset }: { set: readonly TcpFlag[]; unset: readonly TcpFlag[] }): TcpFlags {
  const bits = (flags: readonly TcpFlag[]): number =>
    flags.reduce((sum, flag) => sum | TCP_FLAG_BITS[flag], 0);
  return { mask: bits(set) | bits(unset), value: bits(set) };
}

function invalid(what: string, text: string, problem: string): Error {
  return new Error(`${what} ${JSON.stringify(text)} ${problem}`);
}
