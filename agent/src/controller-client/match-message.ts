/** What a rule of the wire matches, in the kernel's terms, or a PolicyFault that says what is wrong with it. Pure. */
import {
  ConnectionState as WireState,
  MatchField,
  type AgentRule,
  type IcmpRange as WireIcmp,
  type Prefix as WirePrefix,
} from '@nsgate/proto';
import { kernelSetName } from '../desired-state/address-set';
import {
  ConnectionState,
  Family,
  Hook,
  MatchKind,
  MAX_ITEMS,
  type IcmpRange,
  type Match,
  type PortRange,
  type Prefix,
} from '../kernel-device';
import { demand, lookUp } from './demand';

export const TCP = 6;
const ICMP = 1;
const ICMPV6 = 58;

/** tcp, udp, dccp, sctp, udplite (IANA protocol numbers). */
const PROTOCOLS_WITH_PORTS = [TCP, 17, 33, 132, 136];

const STATES = new Map<WireState, ConnectionState>([
  [WireState.CONNECTION_STATE_NEW, ConnectionState.NEW],
  [WireState.CONNECTION_STATE_ESTABLISHED, ConnectionState.ESTABLISHED],
  [WireState.CONNECTION_STATE_RELATED, ConnectionState.RELATED],
  [WireState.CONNECTION_STATE_INVALID, ConnectionState.INVALID],
  [WireState.CONNECTION_STATE_UNTRACKED, ConnectionState.UNTRACKED],
]);

const IN_HOOKS: readonly Hook[] = [Hook.PREROUTING, Hook.INPUT, Hook.FORWARD];
const OUT_HOOKS: readonly Hook[] = [Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING];

const MAX_SETS = 64;

export interface RuleMatch {
  /** Bits of Family. */
  families: number;
  matches: Match[];
}

/** A match as long as it is not known whether its field is negated; dropped when it has no items. */
type FieldMatch = [field: MatchField, match: Match];

/** Throws PolicyFault. */
export function readMatch(message: AgentRule, hook: Hook): RuleMatch {
  const families = (message.ipv4 ? Family.IPV4 : 0) | (message.ipv6 ? Family.IPV6 : 0);
  demand(families !== 0, 'it matches no address family');
  const stated = [
    ...readAddresses(message, families),
    ...readTransport(message),
    ...readSurroundings(message, hook),
  ].filter(([, { items }]) => items.length > 0);
  demand(
    stated.every(([, { items }]) => items.length <= MAX_ITEMS),
    `a list has over ${MAX_ITEMS} entries`,
  );
  return { families, matches: negate(stated, message.negated) };
}

function negate(stated: FieldMatch[], negated: readonly MatchField[]): Match[] {
  demand(new Set(negated).size === negated.length, 'it negates a field twice');
  for (const field of negated) {
    const isStated = stated.some(([one]) => one === field);
    demand(isStated, `it negates ${MatchField[field]}, which says nothing`);
  }
  return stated.map(([field, match]) => (negated.includes(field) ? { ...match, negate: true } : match));
}

function readAddresses(message: AgentRule, families: number): FieldMatch[] {
  const { sources: from, destinations: to, sourceSets, destinationSets, negated } = message;
  // Most rules of large policies say nothing of most fields.
  if (from.length + to.length + sourceSets.length + destinationSets.length === 0) return [];
  const sources = splitPrefixes(from, {
    families,
    end: 'source',
    isNegated: negated.includes(MatchField.MATCH_FIELD_SOURCES),
  });
  const destinations = splitPrefixes(to, {
    families,
    end: 'destination',
    isNegated: negated.includes(MatchField.MATCH_FIELD_DESTINATIONS),
  });
  return [
    // What is never negated: the family that a negated list does not name, from anywhere.
    [MatchField.MATCH_FIELD_UNSPECIFIED, { kind: MatchKind.SRC4, items: sources.any4 }],
    [MatchField.MATCH_FIELD_UNSPECIFIED, { kind: MatchKind.SRC6, items: sources.any6 }],
    [MatchField.MATCH_FIELD_UNSPECIFIED, { kind: MatchKind.DST4, items: destinations.any4 }],
    [MatchField.MATCH_FIELD_UNSPECIFIED, { kind: MatchKind.DST6, items: destinations.any6 }],
    [MatchField.MATCH_FIELD_SOURCES, { kind: MatchKind.SRC4, items: sources.v4 }],
    [MatchField.MATCH_FIELD_DESTINATIONS, { kind: MatchKind.DST4, items: destinations.v4 }],
    [MatchField.MATCH_FIELD_SOURCES, { kind: MatchKind.SRC6, items: sources.v6 }],
    [MatchField.MATCH_FIELD_DESTINATIONS, { kind: MatchKind.DST6, items: destinations.v6 }],
    [MatchField.MATCH_FIELD_SOURCE_SETS, { kind: MatchKind.SRC_SET, items: readSets(sourceSets, 'source') }],
    [
      MatchField.MATCH_FIELD_DESTINATION_SETS,
      { kind: MatchKind.DST_SET, items: readSets(destinationSets, 'destination') },
    ],
  ];
}

function readTransport(message: AgentRule): FieldMatch[] {
  return [
    [MatchField.MATCH_FIELD_PROTOCOLS, { kind: MatchKind.PROTOCOL, items: readProtocols(message) }],
    [
      MatchField.MATCH_FIELD_SOURCE_PORTS,
      { kind: MatchKind.SPORT, items: readPorts(message.sourcePorts, 'source') },
    ],
    [
      MatchField.MATCH_FIELD_DESTINATION_PORTS,
      { kind: MatchKind.DPORT, items: readPorts(message.destinationPorts, 'destination') },
    ],
    [MatchField.MATCH_FIELD_ICMP, readIcmp(message)],
    [MatchField.MATCH_FIELD_TCP_FLAGS, { kind: MatchKind.TCP_FLAGS, items: readTcpFlags(message) }],
  ];
}

function readSurroundings(
  { inInterfaces, outInterfaces, states, marks }: AgentRule,
  hook: Hook,
): FieldMatch[] {
  if (inInterfaces.length + outInterfaces.length + states.length + marks.length === 0) return [];
  demand(
    inInterfaces.length === 0 || IN_HOOKS.includes(hook),
    'in_interfaces goes with prerouting, input and forward only',
  );
  demand(
    outInterfaces.length === 0 || OUT_HOOKS.includes(hook),
    'out_interfaces goes with forward, output and postrouting only',
  );
  return [
    [MatchField.MATCH_FIELD_IN_INTERFACES, { kind: MatchKind.IN_IF, items: readInterfaces(inInterfaces) }],
    [MatchField.MATCH_FIELD_OUT_INTERFACES, { kind: MatchKind.OUT_IF, items: readInterfaces(outInterfaces) }],
    [MatchField.MATCH_FIELD_STATES, { kind: MatchKind.STATE, items: readStates(states) }],
    [MatchField.MATCH_FIELD_MARKS, { kind: MatchKind.MARK, items: readMarks(marks) }],
  ];
}

const ANY4: Prefix = { address: new Uint8Array(4), length: 0 };
const ANY6: Prefix = { address: new Uint8Array(16), length: 0 };

function splitPrefixes(
  prefixes: WirePrefix[],
  { families, end, isNegated }: { families: number; end: string; isNegated: boolean },
): Record<'v4' | 'v6' | 'any4' | 'any6', Prefix[]> {
  const v4 = prefixes.filter(({ address }) => address.length === 4);
  const v6 = prefixes.filter(({ address }) => address.length === 16);
  demand(v4.length + v6.length === prefixes.length, `a ${end} address is neither of 4 nor of 16 bytes`);
  prefixes.forEach((prefix) => checkPrefix(prefix, end));
  const stated = (v4.length > 0 ? Family.IPV4 : 0) | (v6.length > 0 ? Family.IPV6 : 0);
  demand(
    stated === 0 || (isNegated ? (stated & ~families) === 0 : stated === families),
    `its ${end} prefixes are not of the families that it matches: it would match the other's from anywhere`,
  );
  const unnamed = stated === 0 ? 0 : families & ~stated;
  return {
    v4,
    v6,
    any4: (unnamed & Family.IPV4) === 0 ? [] : [ANY4],
    any6: (unnamed & Family.IPV6) === 0 ? [] : [ANY6],
  };
}

function checkPrefix({ address, length }: WirePrefix, end: string): void {
  demand(length <= address.length * 8, `a ${end} prefix has ${length} bits, more than its address`);
  const isZeroBeyond = address.every((byte, index) => {
    const bits = Math.min(Math.max(length - index * 8, 0), 8);
    return (byte & (0xff >> bits)) === 0;
  });
  demand(isZeroBeyond, `a ${end} prefix has bits set beyond its length of ${length}`);
}

function readSets(names: string[], end: string): string[] {
  demand(names.length <= MAX_SETS, `it names over ${MAX_SETS} ${end} sets`);
  return names.map((name) => {
    const inKernel = kernelSetName(name);
    demand(inKernel !== undefined, `${JSON.stringify(name)} is no address set's name`);
    return inKernel;
  });
}

function readProtocols(message: AgentRule): number[] {
  const { protocols, sourcePorts, destinationPorts, tcpFlags } = message;
  demand(
    protocols.every((protocol) => protocol <= 255),
    'a protocol is above 255',
  );
  const unique = [...new Set(protocols)];
  const hasPorts = sourcePorts.length + destinationPorts.length > 0;
  demand(
    !hasPorts || isOnly(message, PROTOCOLS_WITH_PORTS),
    'ports need protocols that have ports, and only these',
  );
  demand(tcpFlags.length === 0 || isOnly(message, [TCP]), 'tcp flags need the protocol tcp, and no other');
  return unique;
}

/** Whether the rule states protocols, and none but these. */
export function isOnly(
  { protocols, negated }: Pick<AgentRule, 'protocols' | 'negated'>,
  allowed: readonly number[],
): boolean {
  const isNegated = negated.includes(MatchField.MATCH_FIELD_PROTOCOLS);
  return protocols.length > 0 && !isNegated && protocols.every((protocol) => allowed.includes(protocol));
}

function readPorts(ranges: PortRange[], end: string): PortRange[] {
  for (const { first, last } of ranges) {
    demand(first <= last && last <= 65535, `${end} ports ${first}-${last} are no range within 0-65535`);
  }
  return ranges;
}

function readIcmp(message: AgentRule): Match {
  const items = message.icmp.map(readIcmpRange);
  const is4 = message.ipv4 && !message.ipv6 && isOnly(message, [ICMP]);
  const is6 = message.ipv6 && !message.ipv4 && isOnly(message, [ICMPV6]);
  demand(items.length === 0 || is4 || is6, 'icmp types need icmp on IPv4 alone, or icmpv6 on IPv6 alone');
  return { kind: is6 ? MatchKind.ICMP6 : MatchKind.ICMP4, items };
}

function readIcmpRange({ type, codeFirst, codeLast }: WireIcmp): IcmpRange {
  demand(
    type <= 255 && codeFirst <= codeLast && codeLast <= 255,
    `icmp type ${type} with codes ${codeFirst}-${codeLast} is not within 0-255`,
  );
  return { type, codeFirst, codeLast };
}

function readTcpFlags({ tcpFlags }: AgentRule): AgentRule['tcpFlags'] {
  for (const { mask, value } of tcpFlags) {
    const isValid = mask >= 1 && mask <= 255 && (value & ~mask) === 0;
    demand(isValid, `tcp flags ${value} of mask ${mask}: the mask is 1 to 255, and no flag is outside of it`);
  }
  return tcpFlags;
}

/** A name as dev_valid_name() of the kernel takes it; a last `*` makes a prefix of it. */
function readInterfaces(names: string[]): string[] {
  for (const name of names) {
    const size = Buffer.byteLength(name);
    const isValid = size >= 1 && size <= 15 && !/[\s/:\0]/.test(name) && !['.', '..'].includes(name);
    demand(isValid, `${JSON.stringify(name)} is no name of an interface`);
  }
  return names;
}

/** One mask of all states; nothing when none is stated. */
function readStates(states: WireState[]): number[] {
  if (states.length === 0) return [];
  return [states.reduce((mask, state) => mask | lookUp(STATES, state, 'connection state'), 0)];
}

function readMarks(marks: AgentRule['marks']): AgentRule['marks'] {
  for (const { value, mask } of marks) {
    const isValid = mask !== 0 && (value & ~mask) === 0;
    demand(isValid, `mark ${value} of mask ${mask}: the mask is not 0, and no bit is outside of it`);
  }
  return marks;
}
