// Makes rulesets that look like those of real filters: access lists (acl), firewalls (fw) and IP chains (ipc).
// Their statistics follow D. E. Taylor and J. S. Turner, "ClassBench: A Packet Classification Benchmark", IEEE/ACM
// Transactions on Networking 15(3), 2007: how long prefixes are and in which pairs they stand, which classes of ports
// stand together, which protocols are named, and that addresses cluster. The figures are rounded.
import { adversarialFamilies, type AdversarialFamily, adversarialRuleset } from './adversarial-ruleset';
import { anyPort, type PortRange, type Prefix, prefixOf, type Rule, tcp, udp } from './rule';
import { SeededRandom } from './seeded-random';

/** A kind of real filter. */
type LikelyFamily = 'acl' | 'fw' | 'ipc';

export const likelyFamilies: readonly LikelyFamily[] = ['acl', 'fw', 'ipc'];

/** A kind of ruleset. */
export type Family = LikelyFamily | AdversarialFamily;

/** Whether rulesets of this kind are made to be hard rather than likely. */
export function isAdversarial(family: Family): family is AdversarialFamily {
  return adversarialFamilies.some((hard) => hard === family);
}

/** Classes of port ranges: wildcard, 1024 and above, below 1024, an arbitrary range, an exact port. */
type PortClass = 'WC' | 'HI' | 'LO' | 'AR' | 'EM';

interface PrefixPair {
  readonly weight: number;
  /** Shortest and longest length of the source's prefix. */
  readonly source: readonly [number, number];
  readonly destination: readonly [number, number];
}

interface PortPair {
  readonly weight: number;
  readonly source: PortClass;
  readonly destination: PortClass;
}

interface Statistics {
  readonly prefixes: readonly PrefixPair[];
  readonly protocols: readonly { readonly weight: number; readonly protocol: number | undefined }[];
  /** Of rules that name a protocol with ports. */
  readonly ports: readonly PortPair[];
  /** Networks of 16 bits per thousand rules: fewer make addresses cluster more. */
  readonly sourceNetworks: number;
  readonly destinationNetworks: number;
}

const icmp = 1;
const gre = 47;

const statistics: Readonly<Record<LikelyFamily, Statistics>> = {
  acl: {
    prefixes: [
      { weight: 55, source: [30, 32], destination: [30, 32] },
      { weight: 20, source: [30, 32], destination: [20, 25] },
      { weight: 14, source: [22, 25], destination: [30, 32] },
      { weight: 6, source: [21, 29], destination: [15, 24] },
      { weight: 3, source: [30, 32], destination: [14, 17] },
      { weight: 1, source: [0, 1], destination: [28, 32] },
      { weight: 1, source: [24, 32], destination: [0, 1] },
    ],
    protocols: [
      { weight: 87, protocol: tcp },
      { weight: 2, protocol: udp },
      { weight: 3, protocol: icmp },
      { weight: 8, protocol: undefined },
    ],
    ports: [
      { weight: 67, source: 'WC', destination: 'EM' },
      { weight: 21, source: 'WC', destination: 'WC' },
      { weight: 12, source: 'WC', destination: 'AR' },
    ],
    sourceNetworks: 12,
    destinationNetworks: 8,
  },
  fw: {
    prefixes: [
      { weight: 40, source: [0, 0], destination: [30, 32] },
      { weight: 22, source: [1, 2], destination: [30, 32] },
      { weight: 16, source: [28, 32], destination: [0, 0] },
      { weight: 9, source: [28, 32], destination: [1, 2] },
      { weight: 8, source: [26, 32], destination: [27, 32] },
      { weight: 4, source: [20, 23], destination: [20, 32] },
      { weight: 1, source: [0, 0], destination: [0, 0] },
    ],
    protocols: [
      { weight: 57, protocol: tcp },
      { weight: 32, protocol: udp },
      { weight: 6, protocol: gre },
      { weight: 4, protocol: icmp },
      { weight: 1, protocol: undefined },
    ],
    ports: [
      { weight: 64, source: 'WC', destination: 'EM' },
      { weight: 12, source: 'WC', destination: 'WC' },
      { weight: 11, source: 'EM', destination: 'WC' },
      { weight: 6, source: 'HI', destination: 'HI' },
      { weight: 3, source: 'EM', destination: 'EM' },
      { weight: 2, source: 'EM', destination: 'HI' },
      { weight: 2, source: 'HI', destination: 'EM' },
    ],
    sourceNetworks: 20,
    destinationNetworks: 30,
  },
  ipc: {
    prefixes: [
      { weight: 24, source: [30, 32], destination: [30, 32] },
      { weight: 24, source: [22, 26], destination: [30, 32] },
      { weight: 14, source: [30, 32], destination: [22, 26] },
      { weight: 16, source: [22, 26], destination: [22, 26] },
      { weight: 9, source: [0, 1], destination: [24, 32] },
      { weight: 6, source: [24, 32], destination: [0, 1] },
      { weight: 7, source: [15, 18], destination: [15, 25] },
    ],
    protocols: [
      { weight: 39, protocol: udp },
      { weight: 28, protocol: tcp },
      { weight: 1, protocol: icmp },
      { weight: 32, protocol: undefined },
    ],
    ports: [
      { weight: 54, source: 'WC', destination: 'EM' },
      { weight: 8, source: 'WC', destination: 'WC' },
      { weight: 24, source: 'EM', destination: 'WC' },
      { weight: 8, source: 'WC', destination: 'HI' },
      { weight: 4, source: 'WC', destination: 'AR' },
      { weight: 2, source: 'AR', destination: 'WC' },
    ],
    sourceNetworks: 15,
    destinationNetworks: 15,
  },
};

const wellKnownPorts: readonly number[] = [
  20, 21, 22, 23, 25, 53, 67, 69, 80, 88, 110, 113, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389,
  443, 445, 500, 514, 515, 636, 993, 1433, 1521, 1645, 1646, 1712, 1723, 1812, 2049, 3128, 3306, 3389, 5060,
  5432, 5631, 6789, 7070, 8080,
];

function ports(portClass: PortClass, random: SeededRandom): PortRange {
  switch (portClass) {
    case 'WC':
      return anyPort;
    case 'HI':
      return { first: 1024, last: 65535 };
    case 'LO':
      return { first: 0, last: 1023 };
    case 'AR': {
      const first = random.between(1, 60_000);
      return { first, last: first + random.between(1, 9) * 10 };
    }
    case 'EM': {
      const port = random.pick(wellKnownPorts);
      return { first: port, last: port };
    }
  }
}

/** Where addresses cluster: networks of 16 bits, the first ones more often chosen than the last. */
function networks(count: number, random: SeededRandom): number[] {
  return Array.from({ length: count }, () => random.next() & 0x7fff0000);
}

function clusteredAddress(within: readonly number[], random: SeededRandom): number {
  const network = within[Math.floor(within.length * random.fraction() ** 2)] ?? 0;
  // Subnets cluster as well: a few /24 of each network hold most hosts.
  const subnet = Math.floor(256 * random.fraction() ** 2);
  return network + subnet * 256 + random.between(0, 255);
}

function prefix(lengths: readonly [number, number], within: readonly number[], random: SeededRandom): Prefix {
  return prefixOf(clusteredAddress(within, random), random.between(...lengths));
}

function hasPorts(protocol: number | undefined): boolean {
  return protocol === tcp || protocol === udp;
}

function identity({ source, destination, protocol, sourcePorts, destinationPorts }: Rule): string {
  return JSON.stringify([source, destination, protocol ?? null, sourcePorts, destinationPorts]);
}

/** How narrow a rule is: real filters put exceptions before what they are exceptions to. */
function narrowness({ source, destination, sourcePorts, destinationPorts }: Rule): number {
  const width = ({ first, last }: PortRange): number => Math.log2(last - first + 1);
  return source.length + destination.length - width(sourcePorts) - width(destinationPorts);
}

/** Exactly `count` different rules, the narrower before the wider. */
function likelyRuleset(family: LikelyFamily, count: number, seed: number): Rule[] {
  const random = new SeededRandom(seed);
  const { prefixes, protocols, ports: portPairs, sourceNetworks, destinationNetworks } = statistics[family];
  const sources = networks(4 + Math.ceil((sourceNetworks * count) / 1000), random);
  const destinations = networks(4 + Math.ceil((destinationNetworks * count) / 1000), random);
  const rules = new Map<string, Rule>();
  while (rules.size < count) {
    const pair = random.pickWeighted(prefixes);
    const { protocol } = random.pickWeighted(protocols);
    const portPair = random.pickWeighted(portPairs);
    const rule = {
      source: prefix(pair.source, sources, random),
      destination: prefix(pair.destination, destinations, random),
      protocol,
      sourcePorts: hasPorts(protocol) ? ports(portPair.source, random) : anyPort,
      destinationPorts: hasPorts(protocol) ? ports(portPair.destination, random) : anyPort,
    };
    rules.set(identity(rule), rule);
  }
  return [...rules.values()].sort((a, b) => narrowness(b) - narrowness(a));
}

/** A ruleset of exactly `count` rules of `family`; the same for the same seed. */
export function generateRuleset(family: Family, count: number, seed: number): Rule[] {
  return isAdversarial(family) ? adversarialRuleset(family, count) : likelyRuleset(family, count, seed);
}
