import fc from 'fast-check';
import { PacketLog } from './packet-log';
import { sampledPacket } from './sampled-packet.testing';

describe('the log of sampled packets', () => {
  it('holds the last ones, and gives those that pass, oldest first', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 60 }), fc.nat({ max: 12 }), (ports, count) => {
        const log = new PacketLog(10);
        for (const sourcePort of ports) log.report('h1', [sampledPacket({ sourcePort })], 0n);
        const isEven = (port: number): boolean => port % 2 === 0;
        const expected = ports.slice(-10).filter(isEven);
        const last = log.last(count, ({ sourcePort }) => isEven(sourcePort));
        expect(last.map(({ sourcePort }) => sourcePort)).toEqual(count === 0 ? [] : expected.slice(-count));
      }),
    );
  });

  it('tells listeners of packets and losses until they end', () => {
    const log = new PacketLog();
    const heard: unknown[] = [];
    const end = log.listen((told) => heard.push('lost' in told ? told.lost : told.packet.hostId));
    log.report('h1', [sampledPacket({})], 3n);
    end();
    log.report('h1', [sampledPacket({})], 3n);
    expect(heard).toEqual([3n, 'h1']);
  });
});
