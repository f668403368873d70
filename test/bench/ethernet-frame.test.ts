import { frameBytes, udpFrame } from './ethernet-frame';

describe('a UDP packet as an Ethernet frame', () => {
  const header = {
    source: 0xc0000201,
    destination: 0xc6336407,
    protocol: 17,
    sourcePort: 1024,
    destinationPort: 53,
  };
  const frame = udpFrame(header, '02:00:00:00:00:01');

  it('goes to the given device, as IPv4', () => {
    expect(frame).toHaveLength(frameBytes);
    expect(frame.subarray(0, 6).toString('hex')).toBe('020000000001');
    expect(frame.readUInt16BE(12)).toBe(0x0800);
  });

  it('bears the five fields', () => {
    expect([...frame.subarray(26, 34)]).toEqual([192, 0, 2, 1, 198, 51, 100, 7]);
    expect(frame.readUInt8(23)).toBe(17);
    expect([frame.readUInt16BE(34), frame.readUInt16BE(36)]).toEqual([1024, 53]);
  });

  it('has a header that sums up to all ones (RFC 1071)', () => {
    let sum = 0;
    for (let at = 14; at < 34; at += 2) sum += frame.readUInt16BE(at);
    expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
  });
});
