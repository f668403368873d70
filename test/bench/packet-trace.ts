// The packets that are sent at a ruleset: half of them meant for one of its rules, half for none.
import { lastAddress, type PacketHeader, type Rule, udp } from './rule';
import { RuleIndex } from './rule-index';
import type { SeededRandom } from './seeded-random';

const attemptsForMiss = 200;

function headerWithin(rule: Rule, random: SeededRandom): PacketHeader {
  return {
    source: random.between(rule.source.address, lastAddress(rule.source)),
    destination: random.between(rule.destination.address, lastAddress(rule.destination)),
    protocol: udp,
    sourcePort: random.between(rule.sourcePorts.first, rule.sourcePorts.last),
    destinationPort: random.between(rule.destinationPorts.first, rule.destinationPorts.last),
  };
}

/** A packet between hosts that the rules speak of, but not in this pair or not on these ports. */
function strayHeader(rules: readonly Rule[], random: SeededRandom): PacketHeader {
  const from = headerWithin(random.pick(rules), random);
  const to = headerWithin(random.pick(rules), random);
  const port = (): number => random.between(1024, 65535);
  return { ...from, destination: to.destination, sourcePort: port(), destinationPort: port() };
}

/** A packet that no rule matches; where the rules leave hardly any such, one that some rule may match. */
function missingHeader(rules: readonly Rule[], index: RuleIndex, random: SeededRandom): PacketHeader {
  let header = strayHeader(rules, random);
  for (let attempt = 0; attempt < attemptsForMiss && index.matchesAny(header); attempt += 1) {
    header = strayHeader(rules, random);
  }
  return header;
}

/** `count` UDP packets for `rules`, in the order in which they are sent; the same for the same random numbers. */
export function packetTrace(rules: readonly Rule[], random: SeededRandom, count: number): PacketHeader[] {
  const reachable = rules.filter(({ protocol }) => protocol === undefined || protocol === udp);
  const index = new RuleIndex(reachable);
  return Array.from({ length: count }, (_, turn) => {
    const isMeantForRule = turn % 2 === 0 && reachable.length > 0;
    return isMeantForRule
      ? headerWithin(random.pick(reachable), random)
      : missingHeader(rules, index, random);
  });
}

/** How many of the packets some rule matches. */
export function countHits(rules: readonly Rule[], packets: readonly PacketHeader[]): number {
  const index = new RuleIndex(rules);
  return packets.filter((packet) => index.matchesAny(packet)).length;
}
