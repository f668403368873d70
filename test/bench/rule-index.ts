// Tells whether any of many rules matches a packet. Rules are kept by the /16 network of one of their addresses: a
// trace of 10,000 packets asks millions of times, mostly in vain, and few rules are about the networks of a packet.
import { matches, type PacketHeader, type Prefix, type Rule } from './rule';

const networkBits = 16;

function networkOf(address: number): number {
  return Math.floor(address / 2 ** (32 - networkBits));
}

function liesInNetwork({ length }: Prefix): boolean {
  return length >= networkBits;
}

function keyedBy(rules: readonly Rule[], end: 'source' | 'destination'): Map<number, Rule[]> {
  const networks = new Map<number, Rule[]>();
  for (const rule of rules) {
    const network = networkOf(rule[end].address);
    const known = networks.get(network);
    if (known === undefined) networks.set(network, [rule]);
    else known.push(rule);
  }
  return networks;
}

/** `rules` of a packet filter, in no order. */
export class RuleIndex {
  readonly #bySource: ReadonlyMap<number, readonly Rule[]>;
  readonly #byDestination: ReadonlyMap<number, readonly Rule[]>;
  readonly #wide: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    const others = rules.filter(({ source }) => !liesInNetwork(source));
    this.#bySource = keyedBy(
      rules.filter(({ source }) => liesInNetwork(source)),
      'source',
    );
    this.#byDestination = keyedBy(
      others.filter(({ destination }) => liesInNetwork(destination)),
      'destination',
    );
    this.#wide = others.filter(({ destination }) => !liesInNetwork(destination));
  }

  /** Whether a rule matches a packet with `header`. */
  matchesAny(header: PacketHeader): boolean {
    const candidates = [
      this.#wide,
      this.#byDestination.get(networkOf(header.destination)),
      this.#bySource.get(networkOf(header.source)),
    ];
    return candidates.some((rules) => rules?.some((rule) => matches(rule, header)));
  }
}
