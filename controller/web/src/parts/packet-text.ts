/** A sampled packet in words. */
import type { PacketSample } from '../message-types';
import { word } from './format';
import { protocolName } from './protocol-name';

/** `tcp 192.0.2.1:40000 → 192.0.2.2:22`. */
export function packetText(packet: PacketSample): string {
  const { source = '', destination = '', sourcePort, destinationPort, protocol = 0 } = packet;
  return `${protocolName(protocol)} ${endText(source, sourcePort)} → ${endText(destination, destinationPort)}`;
}

function endText(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `input by eth0`, `forward by eth0 to eth1`. */
export function wayText({ hook, inInterface, outInterface }: PacketSample): string {
  const by = inInterface === undefined ? '' : ` by ${inInterface}`;
  const to = outInterface === undefined ? '' : ` to ${outInterface}`;
  return `${word(hook, 'HOOK_')}${by}${to}`;
}

/** `SYN ACK`. */
export function flagsText({ tcpFlags = [] }: PacketSample): string {
  return tcpFlags.map((flag) => flag.replace('TCP_FLAG_', '')).join(' ');
}

const ICMP = [1, 58];

/** The packet's place in the form that asks what the ruleset does with it. */
export function explainAddress(packet: PacketSample): string {
  const { host = '', protocol = 0, state } = packet;
  const isIcmp = ICMP.includes(protocol);
  const values: Record<string, string | number | undefined> = {
    host: host.replace('hosts/', ''),
    namespace: packet.namespace,
    hook: packet.hook,
    protocol: protocolName(protocol).replace('protocol ', ''),
    source: packet.source,
    source_port: packet.sourcePort,
    destination: packet.destination,
    destination_port: packet.destinationPort,
    icmp_type: isIcmp ? (packet.icmpType ?? 0) : undefined,
    icmp_code: isIcmp ? (packet.icmpCode ?? 0) : undefined,
    tcp_flags: flagsText(packet).replaceAll(' ', ','),
    state,
    mark: packet.mark,
    in_interface: packet.inInterface,
    out_interface: packet.outInterface,
  };
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return `/explain?${set.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}
