import fc from 'fast-check';
import { parsePortRange } from './port-range';

const port = fc.integer({ min: 0, max: 65535 });

describe('parsePortRange', () => {
  it('reads every port and every range', () => {
    fc.assert(
      fc.property(port, port, (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a];
        expect(parsePortRange(`${first}-${last}`)).toEqual({ ok: true, range: { first, last } });
        expect(parsePortRange(String(a))).toEqual({ ok: true, range: { first: a, last: a } });
      }),
    );
  });

  it.each([
    '',
    ' ',
    '90-80',
    '70000',
    '1-70000',
    ' 80',
    '80 ',
    '80\n',
    '-',
    '-80',
    '80-',
    '1-2-3',
    '080',
    '0x50',
    '1e3',
    '+80',
    '80,81',
    'http',
    '٨٠',
    '99999999999999999999',
  ])('refuses %j', (text) => {
    expect(parsePortRange(text)).toMatchObject({ ok: false });
  });

  it('answers for any text, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => typeof parsePortRange(text).ok === 'boolean'),
    );
  });
});
