/** Which address families a match can hold for. */
import { familyOf, parsePrefix } from '../model/ip-prefix';
import { ICMP, ICMPV6, parseProtocol } from '../model/ip-protocol';
import { textCriterion, type Match } from '../model/match';

export interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/**
 * A family is left when the protocol exists in it, when sources and destinations (where there are any) have a prefix of
 * it, and when no negated prefix takes all of it away. Neither is left for a match that never holds. What cannot be parsed narrows
 * nothing.
 */
export function matchFamilies(match: Match): Families {
  const number = parseProtocol(match.protocol);
  const narrowed = [prefixFamilies(match, 'sources'), prefixFamilies(match, 'destinations')];
  return {
    ipv4: number !== ICMPV6 && narrowed.every(({ ipv4 }) => ipv4),
    ipv6: number !== ICMP && narrowed.every(({ ipv6 }) => ipv6),
  };
}

function prefixFamilies(match: Match, field: 'sources' | 'destinations'): Families {
  const { items, negated } = textCriterion(match, field);
  const parsed = items.map(parsePrefix);
  if (negated) {
    const whole = new Set(
      parsed.map((one) => (one.ok && one.prefix.length === 0 ? familyOf(one.prefix) : undefined)),
    );
    return { ipv4: !whole.has('ipv4'), ipv6: !whole.has('ipv6') };
  }
  const found = new Set(parsed.map((one) => (one.ok ? familyOf(one.prefix) : undefined)));
  const any = items.length === 0 || found.has(undefined);
  return { ipv4: any || found.has('ipv4'), ipv6: any || found.has('ipv6') };
}
