// Rules as nftables takes them: one rule each, or all in one concatenated interval set. nft(8).
import {
  anyPort,
  type Ip,
  lastAddress,
  type PortRange,
  type Prefix,
  prefixText,
  type Rule,
  tcp,
  udp,
} from './rule';

const chainHead = 'chain prerouting { type filter hook prerouting priority raw; policy accept;';

/** Names of the address family: of its tables and of its headers' fields. */
const familyNames: Readonly<Record<Ip, string>> = { 4: 'ip', 6: 'ip6' };

function addressMatch(field: string, prefix: Prefix, ip: Ip): string[] {
  return prefix.length === 0 ? [] : [`${familyNames[ip]} ${field} ${prefixText(prefix, ip)}`];
}

function inRange({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}

function isAnyPort({ first, last }: PortRange): boolean {
  return first === anyPort.first && last === anyPort.last;
}

function portExpressions({ protocol, sourcePorts, destinationPorts }: Rule): string[] {
  if (protocol !== tcp && protocol !== udp) return protocol === undefined ? [] : [`meta l4proto ${protocol}`];
  const name = protocol === tcp ? 'tcp' : 'udp';
  const expressions = [
    ...(isAnyPort(sourcePorts) ? [] : [`${name} sport ${inRange(sourcePorts)}`]),
    ...(isAnyPort(destinationPorts) ? [] : [`${name} dport ${inRange(destinationPorts)}`]),
  ];
  return expressions.length > 0 ? expressions : [`meta l4proto ${protocol}`];
}

function linearRule(rule: Rule, ip: Ip): string {
  const source = addressMatch('saddr', rule.source, ip);
  const destination = addressMatch('daddr', rule.destination, ip);
  return [...source, ...destination, ...portExpressions(rule), 'accept'].join(' ');
}

/** One rule of nftables for each rule, naming only the fields that are not wild. */
export function nftLinear(rules: readonly Rule[], ip: Ip): string {
  const lines = rules.map((rule) => `${linearRule(rule, ip)}\n`).join('');
  return `table ${familyNames[ip]} bench {\n${chainHead}\n${lines}}\n}\n`;
}

function setElement({ source, destination, protocol, sourcePorts, destinationPorts }: Rule, ip: Ip): string {
  const protocols = protocol === undefined ? '0-255' : String(protocol);
  const fields = [
    prefixText(source, ip),
    prefixText(destination, ip),
    protocols,
    inRange(sourcePorts),
    inRange(destinationPorts),
  ];
  return fields.join(' . ');
}

type Corner = readonly number[];

function firstCorner(rule: Rule): Corner {
  const { source, destination, protocol = 0, sourcePorts, destinationPorts } = rule;
  return [source.address, destination.address, protocol, sourcePorts.first, destinationPorts.first];
}

function lastCorner(rule: Rule): Corner {
  const { source, destination, protocol = 255, sourcePorts, destinationPorts } = rule;
  return [lastAddress(source), lastAddress(destination), protocol, sourcePorts.last, destinationPorts.last];
}

/**
 * Those of `rules` that one concatenated interval set can hold. Such a set has no priorities: it refuses an element of
 * which the first or the last corner is within an element that it holds (nft_pipapo_insert in
 * net/netfilter/nft_set_pipapo.c).
 */
export function rulesForSet(rules: readonly Rule[]): Rule[] {
  const held: { readonly first: Corner; readonly last: Corner }[] = [];
  return rules.filter((rule) => {
    const element = { first: firstCorner(rule), last: lastCorner(rule) };
    const isWithin = (corner: Corner, other: typeof element): boolean =>
      corner.every((value, field) => value >= (other.first[field] ?? 0) && value <= (other.last[field] ?? 0));
    if (held.some((other) => isWithin(element.first, other) || isWithin(element.last, other))) return false;
    held.push(element);
    return true;
  });
}

/** All rules as elements of one set; give it `rulesForSet`. */
export function nftSet(rules: readonly Rule[], ip: Ip): string {
  const name = familyNames[ip];
  const type = `ipv${ip}_addr . ipv${ip}_addr . inet_proto . inet_service . inet_service`;
  const elements = rules.map((rule) => setElement(rule, ip)).join(',\n');
  return (
    `table ${name} bench {\nset rules { type ${type}; flags interval; elements = {\n${elements} } }\n` +
    `${chainHead}\n${name} saddr . ${name} daddr . meta l4proto . th sport . th dport @rules accept\n}\n}\n`
  );
}
