// Rules as iptables-legacy-restore(8) and ip6tables-legacy-restore(8) take them.
import { anyPort, type Ip, type PortRange, type Prefix, prefixText, type Rule, tcp, udp } from './rule';

function addressOption(option: string, prefix: Prefix, ip: Ip): string[] {
  return prefix.length === 0 ? [] : [option, prefixText(prefix, ip)];
}

function portOption(option: string, { first, last }: PortRange): string[] {
  if (first === anyPort.first && last === anyPort.last) return [];
  return [option, first === last ? String(first) : `${first}:${last}`];
}

function ruleLine({ source, destination, protocol, sourcePorts, destinationPorts }: Rule, ip: Ip): string {
  const hasPorts = protocol === tcp || protocol === udp;
  const options = [
    ...addressOption('-s', source, ip),
    ...addressOption('-d', destination, ip),
    ...(protocol === undefined ? [] : ['-p', String(protocol)]),
    ...(hasPorts ? [...portOption('--sport', sourcePorts), ...portOption('--dport', destinationPorts)] : []),
  ];
  return ['-A PREROUTING', ...options, '-j ACCEPT'].join(' ');
}

/** The rules in the raw table's PREROUTING chain. */
export function iptablesRuleset(rules: readonly Rule[], ip: Ip): string {
  return `*raw\n:PREROUTING ACCEPT [0:0]\n${rules.map((rule) => `${ruleLine(rule, ip)}\n`).join('')}COMMIT\n`;
}
