import fc from 'fast-check';
import { NamePattern } from './name-pattern';

const matches = (pattern: string, name: string): boolean => new NamePattern(pattern).matches(name);

describe('a name pattern', () => {
  it.each([
    ['ns1', 'ns1', true],
    ['ns1', 'ns10', false],
    ['ns*', 'ns', true],
    ['*', '.hidden', true],
    ['*-vpn-*', 'eu-vpn-7', true],
    ['*a*b*c', 'xxaxxbxxbxxc', true],
    ['*a*b*c', 'xxaxxcxxb', false],
    ['ns?', 'ns', false],
    ['ns?', 'ns1', true],
    ['ns?', 'ns12', false],
    ['?', '\u{1f600}', true],
    ['ns[0-9]', 'ns7', true],
    ['ns[0-9]', 'nsx', false],
    ['ns[!0-9]', 'nsx', true],
    ['ns[!0-9]', 'ns7', false],
    ['[]x]', ']', true],
    ['[!]x]', ']', false],
    ['[a-]', '-', true],
    ['[\\]]', ']', true],
    ['[a\\-z]', 'b', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['tenant-[ab]*', 'tenant-b42', true],
    ['{a,b}', 'a', false],
    ['+(a)', 'aa', false],
  ])('%s against %s: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it.each([
    ['', 'is empty'],
    ['a/b', 'contains `/`'],
    ['ns[0-9', 'without its `]`'],
    ['ns[', 'without its `]`'],
    ['ns[]', 'without its `]`'],
    ['ns[z-a]', 'ends before it begins'],
    ['ns\\', 'ends with `\\`'],
  ])('%s is refused: %s', (pattern, reason) => {
    expect(() => new NamePattern(pattern)).toThrow(reason);
  });

  it('with every character escaped matches exactly the name itself', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        const pattern = new NamePattern(Array.from(a, (char) => `\\${char}`).join(''));
        expect(pattern.matches(b)).toBe(a === b);
        expect(pattern.matches(a)).toBe(true);
      }),
    );
  });

  it('agrees with the regular expression that says the same', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), shortName, (pieces, candidate) => {
        const glob = pieces.map(([part]) => part).join('');
        const regex = new RegExp(`^${pieces.map(([, part]) => part).join('')}$`, 'su');
        expect(matches(glob, candidate)).toBe(regex.test(candidate));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not take forever on a pattern made to', () => {
    expect(matches(`${'*a'.repeat(60)}b`, 'a'.repeat(255))).toBe(false);
  });
});

const name = fc
  .string({ unit: 'grapheme-composite', minLength: 1, maxLength: 20 })
  .filter((s) => !s.includes('/'));
const shortName = fc.stringMatching(/^[abc-]{0,8}$/);

/** A part of a glob, and the regular expression for it. */
const piece = fc.constantFrom(
  ['*', '.*'],
  ['?', '.'],
  ['a', 'a'],
  ['b', 'b'],
  ['\\-', '-'],
  ['[ab]', '[ab]'],
  ['[!ab]', '[^ab]'],
  ['[a-b-]', '[a-b\\-]'],
);
