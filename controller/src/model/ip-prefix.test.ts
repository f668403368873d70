import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { contains, formatAddress, formatPrefix, parsePrefix } from './ip-prefix';

const bytes = (text: string): number[] => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return [...parsed.prefix.address, parsed.prefix.length];
};

const zeros = (count: number): number[] => new Array<number>(count).fill(0);

describe('parsePrefix', () => {
  it.each([
    ['10.0.0.0/8', [10, 0, 0, 0, 8]],
    ['192.0.2.7', [192, 0, 2, 7, 32]],
    ['0.0.0.0/0', [0, 0, 0, 0, 0]],
    ['255.255.255.255/32', [255, 255, 255, 255, 32]],
    ['::/0', [...zeros(16), 0]],
    ['::', [...zeros(16), 128]],
    ['::1', [...zeros(15), 1, 128]],
    ['2001:db8::/32', [0x20, 1, 0x0d, 0xb8, ...zeros(12), 32]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0, 128]],
    ['::ffff:1.2.3.4', [...zeros(10), 255, 255, 1, 2, 3, 4, 128]],
    ['64:ff9b::192.0.2.33', [0, 0x64, 0xff, 0x9b, ...zeros(8), 192, 0, 2, 33, 128]],
    [
      'ABCD:EF01:2345:6789:abcd:ef01:2345:6789',
      [0xab, 0xcd, 0xef, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 0x23, 0x45, 0x67, 0x89, 128],
    ],
  ])('reads %s', (text, expected) => {
    expect(bytes(text)).toEqual(expected);
  });

  it.each([
    '',
    ' ',
    '/',
    '/8',
    '10',
    '10.1',
    '10.0.0',
    '10.0.0.0.0',
    '010.1.1.1',
    '10.01.1.1',
    '0x0a.1.1.1',
    '1.2.3.256',
    '1.2.3.-4',
    '+1.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '1.2.3.4/',
    '1.2.3.4/33',
    '1.2.3.4/08',
    '1.2.3.4/+8',
    '1.2.3.4/8/8',
    '1.2.3.4/255.0.0.0',
    '١.2.3.4',
    '1.2.3.4%eth0',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '[::1]',
    '::1/129',
    '::1/-1',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4:5',
    '::01.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    ':1::',
    '1:::',
    '::ffff:1.2.3.4/129',
  ])('refuses %j', (text) => {
    expect(parsePrefix(text)).toMatchObject({ ok: false });
  });

  it.each([
    ['10.0.0.1/8', '10.0.0.0/8'],
    ['255.255.255.255/31', '255.255.255.254/31'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['::8000/112', '::/112'],
  ])('refuses %s, with bits beyond its length, and proposes %s', (text, proposed) => {
    expect(parsePrefix(text)).toEqual({ ok: false, problem: expect.stringContaining(proposed) as string });
  });

  it('reads back what formatPrefix writes', () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(address, (drawn) => {
        const text = formatPrefix({ address: drawn, length: drawn.length * 8 });
        expect(bytes(text)).toEqual([...drawn, drawn.length * 8]);
      }),
    );
  });

  it.each([
    ['::', '::/128'],
    ['0:0:0:0:0:0:0:1', '::1/128'],
    ['1:0:0:0:0:0:0:0', '1::/128'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1/128'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1/128'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1/128'],
    ['10:100:0:0:a0:0:0:0', '10:100:0:0:a0::/128'],
  ])('writes %s as RFC 5952 recommends: %s', (text, expected) => {
    const parsed = parsePrefix(text);
    expect(parsed.ok && formatPrefix(parsed.prefix)).toBe(expected);
  });

  it('agrees with Node on what is an address', () => {
    const nearMiss = fc.stringMatching(/^[0-9a-f:.]{1,24}$/);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearMiss), (text) => {
        expect(parsePrefix(text).ok).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('accepts a prefix exactly when no bit is set beyond its length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.integer({ min: 0, max: 32 }),
        (address, length) => {
          const value = address.reduce(
            (number, byte) => number * 256n + BigInt(byte),
            0n as bigint | number as bigint,
          );
          const beyond = value & ((1n << BigInt(32 - length)) - 1n);
          expect(parsePrefix(`${address.join('.')}/${length}`).ok).toBe(beyond === 0n);
        },
      ),
    );
  });

  it('answers for any text, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => typeof parsePrefix(text).ok === 'boolean'),
    );
  });
});

describe('an address in text', () => {
  it.each([
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000100000000000100000000', '2001:db8:1::1:0:0'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
  ])('%s is %s (RFC 5952)', (hex, text) => {
    expect(formatAddress(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it('is read back as the same, and is in every prefix that is cut out of it', () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
        .map((all) => Uint8Array.from(all)),
    );
    fc.assert(
      fc.property(address, fc.nat({ max: 128 }), fc.nat({ max: 127 }), (bytes, some, flipped) => {
        const parsed = parsePrefix(formatAddress(bytes));
        expect(parsed.ok && [...parsed.prefix.address]).toEqual([...bytes]);
        const length = Math.min(some, bytes.length * 8);
        const cut = bytes.map((byte, i) => byte & (0xff << (8 - Math.min(8, Math.max(0, length - 8 * i)))));
        expect(contains({ address: cut, length }, bytes)).toBe(true);
        const bit = flipped % (bytes.length * 8);
        const other = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
        expect(contains({ address: cut, length }, other)).toBe(bit >= length);
      }),
    );
  });
});
