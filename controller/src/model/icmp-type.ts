/** Types of ICMP and ICMPv6 messages in text, by number or by the names of iptables(8) and ip6tables(8). */
import { ICMP, ICMPV6 } from './ip-protocol';

/** A type, and its codes from first to last; 0 to 255 for any code. */
export interface IcmpRange {
  readonly type: number;
  readonly codeFirst: number;
  readonly codeLast: number;
}

export type ParsedIcmpType =
  { readonly ok: true; readonly range: IcmpRange } | { readonly ok: false; readonly problem: string };

const NUMBERS = /^(0|[1-9][0-9]{0,2})(?:\/(0|[1-9][0-9]{0,2})(?:-(0|[1-9][0-9]{0,2}))?)?$/;
const MAX = 255;

/** RFC 792, 950, 1256; in the form that parseIcmpType reads. */
const ICMP_NAMES: Readonly<Record<string, string>> = {
  'echo-reply': '0',
  pong: '0',
  'destination-unreachable': '3',
  'network-unreachable': '3/0',
  'host-unreachable': '3/1',
  'protocol-unreachable': '3/2',
  'port-unreachable': '3/3',
  'fragmentation-needed': '3/4',
  'source-route-failed': '3/5',
  'network-unknown': '3/6',
  'host-unknown': '3/7',
  'network-prohibited': '3/9',
  'host-prohibited': '3/10',
  'TOS-network-unreachable': '3/11',
  'TOS-host-unreachable': '3/12',
  'communication-prohibited': '3/13',
  'host-precedence-violation': '3/14',
  'precedence-cutoff': '3/15',
  'source-quench': '4',
  redirect: '5',
  'network-redirect': '5/0',
  'host-redirect': '5/1',
  'TOS-network-redirect': '5/2',
  'TOS-host-redirect': '5/3',
  'echo-request': '8',
  ping: '8',
  'router-advertisement': '9',
  'router-solicitation': '10',
  'time-exceeded': '11',
  'ttl-exceeded': '11',
  'ttl-zero-during-transit': '11/0',
  'ttl-zero-during-reassembly': '11/1',
  'parameter-problem': '12',
  'ip-header-bad': '12/0',
  'required-option-missing': '12/1',
  'timestamp-request': '13',
  'timestamp-reply': '14',
  'address-mask-request': '17',
  'address-mask-reply': '18',
};

/** RFC 4443, 4861. */
const ICMPV6_NAMES: Readonly<Record<string, string>> = {
  'destination-unreachable': '1',
  'no-route': '1/0',
  'communication-prohibited': '1/1',
  'beyond-scope': '1/2',
  'address-unreachable': '1/3',
  'port-unreachable': '1/4',
  'failed-policy': '1/5',
  'reject-route': '1/6',
  'packet-too-big': '2',
  'time-exceeded': '3',
  'ttl-exceeded': '3',
  'ttl-zero-during-transit': '3/0',
  'ttl-zero-during-reassembly': '3/1',
  'parameter-problem': '4',
  'bad-header': '4/0',
  'unknown-header-type': '4/1',
  'unknown-option': '4/2',
  'echo-request': '128',
  ping: '128',
  'echo-reply': '129',
  pong: '129',
  'router-solicitation': '133',
  'router-advertisement': '134',
  'neighbour-solicitation': '135',
  'neighbor-solicitation': '135',
  'neighbour-advertisement': '136',
  'neighbor-advertisement': '136',
  redirect: '137',
};

const NAMES: ReadonlyMap<number, Readonly<Record<string, string>>> = new Map([
  [ICMP, ICMP_NAMES],
  [ICMPV6, ICMPV6_NAMES],
]);

/** Reads `8`, `3/1`, `3/0-5` or a name of the protocol (1 or 58). A problem is a phrase to put behind the value. */
export function parseIcmpType(text: string, protocol: number): ParsedIcmpType {
  const names = NAMES.get(protocol) ?? {};
  const numbers = Object.hasOwn(names, text) ? (names[text] ?? text) : text;
  const [, typeText, firstText, lastText] = NUMBERS.exec(numbers) ?? [];
  if (typeText === undefined) {
    const family = protocol === ICMPV6 ? 'icmpv6' : 'icmp';
    return { ok: false, problem: `is not a type such as 8, 3/1 or 3/0-5, nor the name of one of ${family}` };
  }
  const type = Number(typeText);
  const codeFirst = Number(firstText ?? 0);
  const codeLast = Number(lastText ?? firstText ?? MAX);
  if (Math.max(type, codeFirst, codeLast) > MAX) return { ok: false, problem: `has a number above ${MAX}` };
  if (codeFirst > codeLast) return { ok: false, problem: 'ends before it begins' };
  return { ok: true, range: { type, codeFirst, codeLast } };
}
