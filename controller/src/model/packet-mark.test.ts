import fc from 'fast-check';
import { parseMark } from './packet-mark';

describe('parseMark', () => {
  it.each<[string, number, number]>([
    ['16', 16, 0xffffffff],
    ['0x10', 16, 0xffffffff],
    ['0x10/0xf0', 16, 0xf0],
    ['0xFFFFFFFF', 0xffffffff, 0xffffffff],
    ['0/1', 0, 1],
  ])('reads %s', (text, value, mask) => {
    expect(parseMark(text)).toEqual({ ok: true, mark: { value, mask } });
  });

  it.each([
    '',
    '0x',
    '0x100000000',
    '4294967296',
    '1/2/3',
    '1/',
    '/1',
    '-1',
    '010',
    '0x1/0',
    '0x3/0x1',
    ' 1',
  ])('refuses %j', (text) => expect(parseMark(text)).toMatchObject({ ok: false }));

  it('reads any value within any mask, and none beside it', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(
        word,
        word.filter((mask) => mask !== 0),
        (value, mask) => {
          const within = (value & ~mask) === 0;
          expect(parseMark(`0x${value.toString(16)}/${mask}`).ok).toBe(within);
        },
      ),
    );
  });
});
