/** A sampled packet as a line of the log. Pure. */
import { Action, Hook, PacketFlag, type KernelEvent } from '../kernel-device';

type PacketEvent = Extract<KernelEvent, { type: 'packet' }>;

export function sampleOf(event: PacketEvent): Record<string, unknown> {
  const { inode, ruleId, protocol, sourcePort, destinationPort, length, suppressed, flags } = event;
  return {
    ...{ inode, rule: ruleId.toString(16), protocol, sourcePort, destinationPort, length },
    hook: Hook[event.hook].toLowerCase(),
    verdict: Action[event.verdict].toLowerCase(),
    isShadow: (flags & PacketFlag.SHADOW) !== 0,
    source: addressText(event.source),
    destination: addressText(event.destination),
    in: event.inInterface,
    out: event.outInterface,
    suppressed: String(suppressed),
  };
}

/** IPv6 in full, without the shortening of RFC 5952. */
function addressText(address: Uint8Array): string {
  if (address.length === 4) return [...address].join('.');
  const hex = Buffer.from(address).toString('hex');
  return (hex.match(/.{4}/g) ?? []).join(':');
}
