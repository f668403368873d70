// Writes UDP packets as they are on an Ethernet wire: RFC 791 and RFC 768 in the framing of RFC 894.
import { addressBytes, type PacketHeader } from './rule';

/** Bytes of each frame, without the checksum at its end: the shortest there are. */
export const frameBytes = 60;

const linkHeader = 14;
const networkHeader = 20;
const timeToLive = 64;
const ethertypeIpv4 = 0x0800;

/** The one's complement of the one's complement sum of the header's words: RFC 1071. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** An IPv4 packet with an empty UDP datagram, to the device with the link address `to`. */
export function udpFrame(header: PacketHeader, to: string): Buffer {
  const frame = Buffer.alloc(frameBytes);
  Buffer.from(to.replaceAll(':', ''), 'hex').copy(frame);
  frame.writeUInt8(2, 6); // from a link address that is locally administered
  frame.writeUInt16BE(ethertypeIpv4, 12);
  const ip = frame.subarray(linkHeader, linkHeader + networkHeader);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(networkHeader + 8, 2);
  ip.writeUInt8(timeToLive, 8);
  ip.writeUInt8(header.protocol, 9);
  ip.set(addressBytes(header.source, 4), 12);
  ip.set(addressBytes(header.destination, 4), 16);
  ip.writeUInt16BE(checksum(ip), 10);
  const udp = frame.subarray(linkHeader + networkHeader);
  udp.writeUInt16BE(header.sourcePort, 0);
  udp.writeUInt16BE(header.destinationPort, 2);
  udp.writeUInt16BE(8, 4); // its length; a checksum of zero stands for none
  return frame;
}
