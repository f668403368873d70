import { frameBytes, udpFrame } from './ethernet-frame';

describe('a UDP packet as an Ethernet frame', () => {
  const header = {
    source: 0xc0000201,
    destination: 0xc6336407,
    protocol: 17,
    sourcePort: 1024,
    destinationPort: 53,
  };
  const device = '02:00:00:00:00:01';

  it.each([
    [4, 0x0800],
    [6, 0x86dd],
  ] as const)('goes to the given device, as IPv%d', (ip, ethertype) => {
    const frame = udpFrame(header, ip, device);
    expect(frame).toHaveLength(frameBytes);
    expect(frame.subarray(0, 6).toString('hex')).toBe('020000000001');
    expect(frame.readUInt16BE(12)).toBe(ethertype);
  });

  it('bears the five fields over IPv4', () => {
    const frame = udpFrame(header, 4, device);
    expect([...frame.subarray(26, 34)]).toEqual([192, 0, 2, 1, 198, 51, 100, 7]);
    expect(frame.readUInt8(23)).toBe(17);
    expect([frame.readUInt16BE(34), frame.readUInt16BE(36)]).toEqual([1024, 53]);
  });

  it('bears the five fields over IPv6, in a payload of one empty datagram', () => {
    const frame = udpFrame(header, 6, device);
    expect(frame.subarray(22, 38).toString('hex')).toBe('20010db8c000020100000000c0000201');
    expect(frame.subarray(38, 54).toString('hex')).toBe('20010db8c633640700000000c6336407');
    expect([frame.readUInt8(14) >> 4, frame.readUInt16BE(18), frame.readUInt8(20)]).toEqual([6, 8, 17]);
    expect([frame.readUInt16BE(54), frame.readUInt16BE(56), frame.readUInt16BE(58)]).toEqual([1024, 53, 8]);
  });

  it('has an IPv4 header that sums up to all ones (RFC 1071)', () => {
    const frame = udpFrame(header, 4, device);
    let sum = 0;
    for (let at = 14; at < 34; at += 2) sum += frame.readUInt16BE(at);
    expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
  });
});
