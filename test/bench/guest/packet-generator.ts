// Sends packets by the kernel's generator and tells what they cost (Documentation/networking/pktgen.rst).
// It runs under instruction counting, where a nanosecond of the clock is an instruction.
import { readFileSync, writeFileSync } from 'node:fs';

import { addressText, type Ip, type PacketHeader } from '../rule';
import type { PacketSink } from './packet-sink';

const folder = '/proc/net/pktgen';

function tell(file: string, ...orders: string[]): void {
  for (const order of orders) writeFileSync(`${folder}/${file}`, `${order}\n`);
}

/** Headers to send in turn to a sink. One pktgen device per header: they all sit on the same network device. */
export class PacketGenerator {
  readonly #devices: readonly string[];
  readonly #sink: PacketSink;
  readonly #ip: Ip;

  constructor(sink: PacketSink, headers: readonly PacketHeader[], ip: Ip) {
    this.#sink = sink;
    this.#ip = ip;
    this.#devices = headers.map((_, index) => `${sink.device}@${index}`);
    tell('kpktgend_0', ...this.#devices.map((device) => `add_device ${device}`));
    headers.forEach((header, index) => tell(this.#devices[index] ?? '', ...this.#ordersFor(header)));
  }

  /**
   * Sends every header `rounds` times.
   * @returns instructions from before the first packet to after the last; everything the kernel does then is in it
   */
  send(rounds: number): number {
    for (const device of this.#devices) tell(device, `count ${rounds}`);
    const before = this.#sink.received();
    tell('pgctrl', 'start');
    const packets = rounds * this.#devices.length;
    const arrived = this.#sink.received() - before;
    if (arrived !== packets) throw new Error(`${arrived} of ${packets} packets arrived`);
    return Math.max(...this.#devices.map(busyMicroseconds)) * 1000;
  }

  /** Gives the network device free; without that, it could not be removed. */
  close(): void {
    tell('kpktgend_0', 'rem_device_all');
  }

  #addressOrders(source: string, destination: string): string[] {
    if (this.#ip === 6) return ['pkt_size 80', `src6 ${source}`, `dst6 ${destination}`];
    const sources = [`src_min ${source}`, `src_max ${source}`];
    return ['pkt_size 60', ...sources, `dst_min ${destination}`, `dst_max ${destination}`];
  }

  #ordersFor({ source, destination, sourcePort, destinationPort }: PacketHeader): string[] {
    return [
      ...['delay 0', 'clone_skb 0', `dst_mac ${this.#sink.linkAddress}`],
      ...this.#addressOrders(addressText(source, this.#ip), addressText(destination, this.#ip)),
      ...[`udp_src_min ${sourcePort}`, `udp_src_max ${sourcePort}`],
      ...[`udp_dst_min ${destinationPort}`, `udp_dst_max ${destinationPort}`],
    ];
  }
}

/** Time from a device's start to its last packet, the idle part taken off. */
function busyMicroseconds(device: string): number {
  const text = readFileSync(`${folder}/${device}`, 'utf8');
  const match = /Result: OK: \d+\(c(\d+)\+d\d+\) usec/.exec(text);
  if (!match) throw new Error(`pktgen reports no result for ${device}: ${text}`);
  return Number(match[1]);
}
