/** A packet as it is typed, as a question to the kernel. Pure. */
import { isIPv4, isIPv6 } from 'node:net';
import type { TypedPacket } from '../config/command-line';
import { ConfigFault } from '../config/config';
import type { PacketQuestion } from '../explain/explain';
import { ConnectionState, Hook } from '../kernel-device';

/** IANA protocol numbers under the names that rules use. */
const PROTOCOLS = new Map(
  Object.entries({
    ...{ icmp: 1, tcp: 6, udp: 17, dccp: 33, gre: 47, esp: 50, ah: 51, icmpv6: 58, sctp: 132, udplite: 136 },
  }),
);

/** Types of an echo request, by protocol: what ping(8) sends. */
const ECHO_REQUEST = new Map([
  [1, 8],
  [58, 128],
]);

/** Bits of byte 13 of the TCP header (RFC 9293). */
const TCP_FLAGS = new Map(
  Object.entries({ fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 }),
);

/** What is left out of an icmp packet is that of an echo request. Throws ConfigFault that says which word is not understood. */
export function readPacket(typed: TypedPacket): PacketQuestion {
  const source = readEnd(typed.source);
  const destination = readEnd(typed.destination);
  const protocol = readProtocol(typed.protocol);
  return {
    namespace: typed.namespace,
    hook: readMember(Hook, typed.hook, 'hook'),
    protocol,
    source: source.address,
    sourcePort: source.port,
    destination: destination.address,
    destinationPort: destination.port,
    state: typed.state === undefined ? 0 : readMember(ConnectionState, typed.state, 'state'),
    mark: readNumber(typed.mark ?? '0', 0xffffffff, 'mark'),
    icmpType: readNumber(typed.icmpType ?? String(ECHO_REQUEST.get(protocol) ?? 0), 255, 'icmp type'),
    icmpCode: readNumber(typed.icmpCode ?? '0', 255, 'icmp code'),
    tcpFlags: readTcpFlags(typed.tcpFlags),
    inInterface: typed.in ?? '',
    outInterface: typed.out ?? '',
  };
}

interface End {
  address: Uint8Array;
  port: number;
}

function readEnd(text: string): End {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? [];
  // Without brackets, more than one colon is an IPv6 address alone.
  const address = bracketed ?? plain ?? text;
  return { address: readAddress(address), port: readNumber(port ?? '0', 65535, 'port') };
}

function readAddress(text: string): Uint8Array {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (isIPv6(text) && !text.includes('%')) return readAddress6(text);
  throw new ConfigFault(
    `${JSON.stringify(text)} is no address; write 10.0.0.1:80, [2001:db8::1]:80, or an address alone`,
  );
}

function readAddress6(text: string): Uint8Array {
  const [head = '', tail] = withoutDots(text).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => '0');
  const bytes = [...before, ...zeros, ...after].flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 255];
  });
  return Buffer.from(bytes);
}

/** The last 32 bits may be written as IPv4 (RFC 4291, 2.2). */
function withoutDots(text: string): string {
  return text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

function readProtocol(text: string): number {
  return PROTOCOLS.get(text.toLowerCase()) ?? readNumber(text, 255, 'protocol');
}

function readTcpFlags(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  return text.split(',').reduce((bits, name) => {
    const bit = TCP_FLAGS.get(name.trim().toLowerCase());
    if (bit === undefined)
      throw new ConfigFault(`${JSON.stringify(name)} is no tcp flag: ${[...TCP_FLAGS.keys()].join(', ')}`);
    return bits | bit;
  }, 0);
}

function readMember<E extends number>(
  members: Readonly<Record<string, E | string>>,
  text: string,
  what: string,
): E {
  const value = members[text.toUpperCase()];
  if (typeof value === 'number') return value;
  const names = Object.keys(members).filter((name) => !/^\d+$/.test(name));
  throw new ConfigFault(`${JSON.stringify(text)} is no ${what}: ${names.join(', ').toLowerCase()}`);
}

/** In decimal, or hexadecimal after 0x. */
function readNumber(text: string, max: number, what: string): number {
  const value = Number(text);
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text) && value <= max) return value;
  throw new ConfigFault(`${JSON.stringify(text)} is no ${what}: 0 to ${max}`);
}
