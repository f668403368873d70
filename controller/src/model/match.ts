/** Which packets a rule is about: as the operator wrote it, field by field, each with its negation. */

/** A flag of the TCP header (RFC 9293, RFC 3168). */
export type TcpFlag = 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg' | 'ece' | 'cwr';

/** Flags that a segment must and must not carry. */
export interface TcpFlagsMatch {
  readonly set: readonly TcpFlag[];
  readonly unset: readonly TcpFlag[];
}

/** What connection tracking makes of a packet. */
export type ConnectionState = 'new' | 'established' | 'related' | 'invalid' | 'untracked';

/** Fields that are lists of text. */
export const TEXT_FIELDS = [
  'sources',
  'destinations',
  'sourcePorts',
  'destinationPorts',
  'sourceSets',
  'destinationSets',
  'icmpTypes',
  'inInterfaces',
  'outInterfaces',
  'marks',
] as const;

export type TextField = (typeof TEXT_FIELDS)[number];
export type Negated<Name extends string> = `not${Capitalize<Name>}`;

type TextLists = Readonly<Record<TextField | Negated<TextField>, readonly string[]>>;

/** An empty list, and an empty protocol, match any. A field never stands beside its negation. */
export interface Match extends TextLists {
  readonly protocol: string;
  readonly notProtocol: string;
  readonly tcpFlags: readonly TcpFlagsMatch[];
  readonly notTcpFlags: readonly TcpFlagsMatch[];
  readonly states: readonly ConnectionState[];
}

/** Entries of one field: any of them must hold or, negated, none may. Without entries nothing is asked. */
export interface Criterion<Item> {
  readonly items: readonly Item[];
  readonly negated: boolean;
}

const NEGATIONS = Object.fromEntries(
  TEXT_FIELDS.map((name) => [name, `not${name.charAt(0).toUpperCase()}${name.slice(1)}`]),
) as { readonly [Name in TextField]: Negated<Name> };

const NO_TEXTS = Object.fromEntries(
  TEXT_FIELDS.flatMap((name) => [
    [name, []],
    [negationOf(name), []],
  ]),
) as unknown as TextLists;

/** Asks nothing. */
export const ANY_PACKET: Match = {
  ...NO_TEXTS,
  protocol: '',
  notProtocol: '',
  tcpFlags: [],
  notTcpFlags: [],
  states: [],
};

/** `notSources` for `sources`. */
export function negationOf<Name extends TextField>(name: Name): (typeof NEGATIONS)[Name] {
  return NEGATIONS[name];
}

/** What the match asks of a field that is a list of text. */
export function textCriterion(match: Match, name: TextField): Criterion<string> {
  const negation = match[negationOf(name)];
  return negation.length > 0 ? { items: negation, negated: true } : { items: match[name], negated: false };
}

/** What the match asks of the protocol: at most one entry. */
export function protocolCriterion({ protocol, notProtocol }: Match): Criterion<string> {
  if (notProtocol !== '') return { items: [notProtocol], negated: true };
  return { items: protocol === '' ? [] : [protocol], negated: false };
}

/** What the match asks of the TCP flags. */
export function tcpFlagsCriterion({ tcpFlags, notTcpFlags }: Match): Criterion<TcpFlagsMatch> {
  return notTcpFlags.length > 0 ? { items: notTcpFlags, negated: true } : { items: tcpFlags, negated: false };
}

/** Whether the match asks nothing. */
export function matchesAny(match: Match): boolean {
  return Object.values(match).every((part: string | readonly unknown[]) => part.length === 0);
}
