/** Which address families a match can hold for. */
import { familyOf, parsePrefix } from '../model/ip-prefix';
import { ICMP, ICMPV6, parseProtocol } from '../model/ip-protocol';
import type { Match } from '../model/policy';

export interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/**
 * A family is left when the protocol exists in it, and sources and destinations (where there are any) have a prefix of
 * it. Neither is left for a match that never holds. What cannot be parsed narrows nothing.
 */
export function matchFamilies(match: Match): Families {
  const number = parseProtocol(match.protocol);
  const narrowed = [prefixFamilies(match.sources), prefixFamilies(match.destinations)];
  return {
    ipv4: number !== ICMPV6 && narrowed.every(({ ipv4 }) => ipv4),
    ipv6: number !== ICMP && narrowed.every(({ ipv6 }) => ipv6),
  };
}

function prefixFamilies(texts: readonly string[]): Families {
  const parsed = texts.map(parsePrefix);
  const found = new Set(parsed.map((one) => (one.ok ? familyOf(one.prefix) : undefined)));
  const any = texts.length === 0 || found.has(undefined);
  return { ipv4: any || found.has('ipv4'), ipv6: any || found.has('ipv6') };
}
