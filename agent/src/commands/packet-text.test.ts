import { ConnectionState, Hook } from '../kernel-device';
import { readPacket } from './packet-text';

const typed = {
  ...{ namespace: 'web', hook: 'input', protocol: 'tcp' },
  ...{ source: '10.0.0.1:1234', destination: '10.0.0.2:443' },
};

describe('a packet that is typed', () => {
  it('is asked about as it was meant', () => {
    expect(readPacket({ ...typed, state: 'new', mark: '0x10', tcpFlags: 'syn,ack', in: 'eth0' })).toEqual({
      ...{ namespace: 'web', hook: Hook.INPUT, protocol: 6, sourcePort: 1234, destinationPort: 443 },
      ...{ source: Buffer.from([10, 0, 0, 1]), destination: Buffer.from([10, 0, 0, 2]) },
      ...{ state: ConnectionState.NEW, mark: 16, tcpFlags: 0x12, icmpType: 0, icmpCode: 0 },
      ...{ inInterface: 'eth0', outInterface: '' },
    });
  });

  it.each([
    ['2001:db8::1', '20010db8000000000000000000000001', 0],
    ['[2001:db8::1]:443', '20010db8000000000000000000000001', 443],
    ['::', '00000000000000000000000000000000', 0],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001', 0],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008', 0],
    ['10.0.0.1', '0a000001', 0],
  ])('may have the source %s', (source, hex, port) => {
    const packet = readPacket({ ...typed, source });
    expect(Buffer.from(packet.source).toString('hex')).toBe(hex);
    expect(packet.sourcePort).toBe(port);
  });

  it.each([
    ['icmp', undefined, 8],
    ['1', undefined, 8],
    ['icmpv6', undefined, 128],
    ['icmp', '0', 0],
    ['icmp', '13', 13],
    ['tcp', undefined, 0],
  ])('of protocol %s and icmp type %s is asked about as one of type %i', (protocol, icmpType, type) => {
    const packet = { ...typed, protocol, ...(icmpType === undefined ? {} : { icmpType }) };
    expect(readPacket(packet).icmpType).toBe(type);
  });

  it.each([
    [{ source: '10.0.0' }, '"10.0.0" is no address'],
    [{ source: 'web:80' }, 'is no address'],
    [{ source: 'fe80::1%eth0' }, 'is no address'],
    [{ source: '10.0.0.1:' }, 'is no address'],
    [{ source: '[10.0.0.1' }, 'is no address'],
    [{ source: '10.0.0.1:65536' }, '"65536" is no port: 0 to 65535'],
    [{ hook: 'sideways' }, 'is no hook: prerouting, input, forward, output, postrouting'],
    [{ hook: '1' }, 'is no hook'],
    [{ protocol: 'tpc' }, '"tpc" is no protocol'],
    [{ protocol: '256' }, 'is no protocol'],
    [{ protocol: 'constructor' }, 'is no protocol'],
    [{ tcpFlags: 'constructor' }, 'is no tcp flag'],
    [{ state: 'old' }, 'is no state'],
    [{ mark: '-1' }, 'is no mark'],
    [{ tcpFlags: 'syn,fun' }, '"fun" is no tcp flag'],
  ])('with %j is not understood, and that is said', (wrong, reason) => {
    expect(() => readPacket({ ...typed, ...wrong })).toThrow(reason);
  });
});
