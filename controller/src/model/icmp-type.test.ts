import fc from 'fast-check';
import { parseIcmpType } from './icmp-type';
import { ICMP, ICMPV6 } from './ip-protocol';

const read = (text: string, protocol = ICMP): unknown => {
  const parsed = parseIcmpType(text, protocol);
  return parsed.ok ? [parsed.range.type, parsed.range.codeFirst, parsed.range.codeLast] : parsed.problem;
};

describe('parseIcmpType', () => {
  it.each<[string, number, number[]]>([
    ['8', ICMP, [8, 0, 255]],
    ['3/1', ICMP, [3, 1, 1]],
    ['3/0-5', ICMP, [3, 0, 5]],
    ['255/255', ICMP, [255, 255, 255]],
    ['echo-request', ICMP, [8, 0, 255]],
    ['echo-request', ICMPV6, [128, 0, 255]],
    ['fragmentation-needed', ICMP, [3, 4, 4]],
    ['packet-too-big', ICMPV6, [2, 0, 255]],
    ['neighbour-solicitation', ICMPV6, [135, 0, 255]],
  ])('reads %s of protocol %d', (text, protocol, expected) => {
    expect(read(text, protocol)).toEqual(expected);
  });

  it.each([
    '',
    'x',
    '256',
    '8/256',
    '3/5-1',
    '3/',
    '/1',
    '08',
    '-1',
    '3/1-',
    'packet-too-big',
    'constructor',
    ' 8',
  ])('refuses %j as ICMP', (text) => expect(read(text)).toEqual(expect.any(String)));

  it('reads any type and codes that are numbers in range', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, byte, (type, a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        expect(read(`${type}/${first}-${last}`)).toEqual([type, first, last]);
      }),
    );
  });

  it('answers for any text, and never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseIcmpType(text, ICMP).ok === 'boolean'));
  });
});
