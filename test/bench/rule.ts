// A packet filter's rule in five fields, as every subject of the benchmark can express it, and what it matches.

/** IPv4 addresses that begin with the same `length` bits. */
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

/** An IPv4 address in dotted form. */
export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
