// Makes rulesets that are hard to search: unlike any that somebody would write, and the worst in one respect each.
import { anyPort, type Prefix, prefixOf, type Rule, tcp } from './rule';

/** A kind of hard ruleset. */
export type AdversarialFamily =
  /** Nothing but rules that match everything. */
  | 'wild'
  /** Port ranges of which each overlaps all others. */
  | 'overlap'
  /** Prefixes within prefixes, of every length. */
  | 'nested'
  /** One rule for each port. */
  | 'ports';

export const adversarialFamilies: readonly AdversarialFamily[] = ['wild', 'overlap', 'nested', 'ports'];

const anywhere: Prefix = prefixOf(0, 0);
const everything: Rule = {
  source: anywhere,
  destination: anywhere,
  protocol: undefined,
  sourcePorts: anyPort,
  destinationPorts: anyPort,
};
const lengths = 33;

function overlapping(index: number, count: number): Rule {
  const step = Math.floor(30_000 / count);
  const around = (margin: number): Rule['sourcePorts'] => ({ first: margin, last: 65_535 - margin });
  const sourcePorts = around(index * step);
  return { ...everything, protocol: tcp, sourcePorts, destinationPorts: around((count - index) * step) };
}

function nested(index: number): Rule {
  const sourceLength = lengths - 1 - (index % lengths);
  const destinationLength = lengths - 1 - (Math.floor(index / lengths) % lengths);
  const host = 0x40a80000 + Math.floor(index / lengths ** 2);
  return {
    ...everything,
    source: prefixOf(0x0a0b0c0d, sourceLength),
    destination: prefixOf(host, destinationLength),
  };
}

/** A hard ruleset of `count` rules. */
export function adversarialRuleset(family: AdversarialFamily, count: number): Rule[] {
  return Array.from({ length: count }, (_, index): Rule => {
    switch (family) {
      case 'wild':
        return everything;
      case 'overlap':
        return overlapping(index, count);
      case 'nested':
        return nested(index);
      case 'ports':
        return { ...everything, protocol: tcp, destinationPorts: { first: index + 1, last: index + 1 } };
    }
  });
}
