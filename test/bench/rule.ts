// A packet filter's rule in five fields, as every subject of the benchmark can express it, and what it matches.

/** IPv4 addresses that begin with the same `length` bits; `prefixBytes` and `prefixText` put them in IPv6, too. */
export interface Prefix {
  /** As a 32-bit number; bits beyond `length` are zero. */
  readonly address: number;
  readonly length: number;
}

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** A rule; a packet must be within all five fields. */
export interface Rule {
  readonly source: Prefix;
  readonly destination: Prefix;
  /** IP protocol number; undefined for any, in which case both port ranges are `anyPort`. */
  readonly protocol: number | undefined;
  readonly sourcePorts: PortRange;
  readonly destinationPorts: PortRange;
}

/** The header fields of a packet that rules look at. */
export interface PacketHeader {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export const tcp = 6;
export const udp = 17;
export const anyPort: PortRange = { first: 0, last: 65535 };

/** The last address of a prefix. */
export function lastAddress({ address, length }: Prefix): number {
  return address + 2 ** (32 - length) - 1;
}

/** The prefix of `length` bits that `address` is in. */
export function prefixOf(address: number, length: number): Prefix {
  const size = 2 ** (32 - length);
  return { address: Math.floor(address / size) * size, length };
}

function isInPrefix(address: number, prefix: Prefix): boolean {
  return address >= prefix.address && address <= lastAddress(prefix);
}

function isInRange(port: number, { first, last }: PortRange): boolean {
  return port >= first && port <= last;
}

/** Whether `rule` matches a packet with `header`. */
export function matches(rule: Rule, header: PacketHeader): boolean {
  return (
    isInPrefix(header.source, rule.source) &&
    isInPrefix(header.destination, rule.destination) &&
    (rule.protocol === undefined || rule.protocol === header.protocol) &&
    isInRange(header.sourcePort, rule.sourcePorts) &&
    isInRange(header.destinationPort, rule.destinationPorts)
  );
}

/** The version of IP in which a rule or a packet is put. */
export type Ip = 4 | 6;

export const ips: readonly Ip[] = [4, 6];

const hostBits = 32;

/** An IPv4 address as bytes in network order. */
function bytesOf(address: number): number[] {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
}

/**
 * The bytes of an address in IPv4, or in IPv6: behind 2001:db8::/32 (RFC 3849) it stands once in the network's half and
 * once in the interface's. So each address has one of its own, in the same order.
 */
export function addressBytes(address: number, ip: Ip): Uint8Array {
  const bytes = bytesOf(address);
  return Uint8Array.from(ip === 4 ? bytes : [0x20, 0x01, 0x0d, 0xb8, ...bytes, 0, 0, 0, 0, ...bytes]);
}

/** How long a prefix is in this version of IP; it has the same addresses in it as in IPv4. */
export function lengthIn(ip: Ip, { length }: Prefix): number {
  if (ip === 4 || length === 0) return length;
  return length === hostBits ? 128 : hostBits + length;
}

/** The bytes of a prefix; bits beyond its length are zero. */
export function prefixBytes(prefix: Prefix, ip: Ip): Uint8Array {
  // Those of the IPv4 address are zero already, so it is whole bytes that are to be cleared.
  return addressBytes(prefix.address, ip).fill(0, Math.ceil(lengthIn(ip, prefix) / 8));
}

function inText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => {
    return ((bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0)).toString(16);
  });
  return groups.join(':');
}

/** An address as text. */
export function addressText(address: number, ip: Ip): string {
  return inText(addressBytes(address, ip));
}

/** A prefix as text: address/length. */
export function prefixText(prefix: Prefix, ip: Ip): string {
  return `${inText(prefixBytes(prefix, ip))}/${lengthIn(ip, prefix)}`;
}
