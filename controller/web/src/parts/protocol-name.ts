/** Protocols by their IANA number, as iptables(8) calls them. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
};

export function protocolName(number: number): string {
  return NAMES[number] ?? `protocol ${number}`;
}
