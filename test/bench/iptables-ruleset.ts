// Rules as iptables-legacy-restore(8) takes them.
import { anyPort, dotted, type PortRange, type Prefix, type Rule, tcp, udp } from './rule';

function addressOption(option: string, { address, length }: Prefix): string[] {
  return length === 0 ? [] : [option, `${dotted(address)}/${length}`];
}

function portOption(option: string, { first, last }: PortRange): string[] {
  if (first === anyPort.first && last === anyPort.last) return [];
  return [option, first === last ? String(first) : `${first}:${last}`];
}

function ruleLine({ source, destination, protocol, sourcePorts, destinationPorts }: Rule): string {
  const hasPorts = protocol === tcp || protocol === udp;
  const options = [
    ...addressOption('-s', source),
    ...addressOption('-d', destination),
    ...(protocol === undefined ? [] : ['-p', String(protocol)]),
    ...(hasPorts ? [...portOption('--sport', sourcePorts), ...portOption('--dport', destinationPorts)] : []),
  ];
  return ['-A PREROUTING', ...options, '-j ACCEPT'].join(' ');
}

/** The rules in the raw table's PREROUTING chain. */
export function iptablesRuleset(rules: readonly Rule[]): string {
  return `*raw\n:PREROUTING ACCEPT [0:0]\n${rules.map((rule) => `${ruleLine(rule)}\n`).join('')}COMMIT\n`;
}
