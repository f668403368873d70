/** IP protocols by name or number (IANA, Assigned Internet Protocol Numbers). */

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['tcp', 6],
  ['udp', 17],
  ['dccp', 33],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmpv6', 58],
  ['sctp', 132],
  ['udplite', 136],
]);

const NUMBER = /^(0|[1-9][0-9]{0,2})$/;

export const TCP = 6;
export const ICMP = 1;
export const ICMPV6 = 58;

/** Names that parseProtocol knows, for messages. */
export const PROTOCOL_NAMES = [...NUMBERS.keys()].sort().join(', ');

/** The protocol's number, or undefined when the text is neither a known name nor a number from 0 to 255. */
export function parseProtocol(text: string): number | undefined {
  const known = NUMBERS.get(text);
  if (known !== undefined) return known;
  return NUMBER.test(text) && Number(text) <= 255 ? Number(text) : undefined;
}

/** Whether the first four bytes of the protocol's header are a source and a destination port. */
export function hasPorts(protocol: number): boolean {
  return [6, 17, 33, 132, 136].includes(protocol);
}
