// Writes UDP packets as they are on an Ethernet wire: RFC 791, 8200 and 768 in the framing of RFC 894 and 2464.
import { addressBytes, type Ip, type PacketHeader } from './rule';

const linkHeader = 14;
const networkHeader = { 4: 20, 6: 40 } as const;
const udpHeader = 8;
const timeToLive = 64;
const ethertype = { 4: 0x0800, 6: 0x86dd } as const;

/** Bytes of each frame, without the checksum at its end: as many as an empty datagram over IPv6 takes. */
export const frameBytes = linkHeader + networkHeader[6] + udpHeader;

/** The one's complement of the one's complement sum of the header's words: RFC 1071. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function writeIpv4(ip: Buffer, { source, destination, protocol }: PacketHeader): void {
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(networkHeader[4] + udpHeader, 2);
  ip.writeUInt8(timeToLive, 8);
  ip.writeUInt8(protocol, 9);
  ip.set(addressBytes(source, 4), 12);
  ip.set(addressBytes(destination, 4), 16);
  ip.writeUInt16BE(checksum(ip), 10);
}

function writeIpv6(ip: Buffer, { source, destination, protocol }: PacketHeader): void {
  ip.writeUInt8(0x60, 0);
  ip.writeUInt16BE(udpHeader, 4);
  ip.writeUInt8(protocol, 6);
  ip.writeUInt8(timeToLive, 7);
  ip.set(addressBytes(source, 6), 8);
  ip.set(addressBytes(destination, 6), 24);
}

/** A packet with an empty UDP datagram, to the device with the link address `to`. */
export function udpFrame(header: PacketHeader, ip: Ip, to: string): Buffer {
  const frame = Buffer.alloc(frameBytes);
  Buffer.from(to.replaceAll(':', ''), 'hex').copy(frame);
  frame.writeUInt8(2, 6); // from a link address that is locally administered
  frame.writeUInt16BE(ethertype[ip], 12);
  const network = frame.subarray(linkHeader, linkHeader + networkHeader[ip]);
  if (ip === 4) writeIpv4(network, header);
  else writeIpv6(network, header);
  const udp = frame.subarray(linkHeader + networkHeader[ip]);
  udp.writeUInt16BE(header.sourcePort, 0);
  udp.writeUInt16BE(header.destinationPort, 2);
  udp.writeUInt16BE(udpHeader, 4); // its length; a checksum of zero stands for none, which no filter minds
  return frame;
}
