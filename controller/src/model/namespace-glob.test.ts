import fc from 'fast-check';
import { globProblem, namespaceMatcher } from './namespace-glob';

describe('globProblem', () => {
  it.each([
    'ns1',
    '*',
    '?',
    'tenant-*',
    'a[bc]d',
    '[a-z]*',
    '[!a-z]',
    '[a-]',
    '[-a]',
    '\\[',
    '\\*',
    '[\\]]',
    '[*?]',
    'ä',
    'a b',
    '-',
    '.hidden',
    '[😀-🙏]',
    '[--a]',
    '[a-c-e]',
    'x'.repeat(255),
  ])('finds nothing wrong with %j', (glob) => {
    expect(globProblem(glob)).toBeUndefined();
  });

  it.each([
    ['', 'empty'],
    ['a/b', '/'],
    ['.', 'no name'],
    ['..', 'no name'],
    ['a\0b', 'NUL'],
    ['ns[1', 'without its ]'],
    ['[', 'without its ]'],
    ['[!', 'without its ]'],
    ['[a-', 'without its ]'],
    ['[a\\]', 'without its ]'],
    ['[]', 'empty set'],
    ['[!]', 'empty set'],
    ['[z-a]', 'ends before it begins'],
    ['[🙏-😀]', 'ends before it begins'],
    ['[a-c-a]x[z-a]', 'ends before it begins'],
    ['ns\\', 'literally'],
    ['x'.repeat(256), '255 bytes'],
    ['ä'.repeat(128), '255 bytes'],
  ])('says what is wrong with %j', (glob, problem) => {
    expect(globProblem(glob)).toContain(problem);
  });

  it('finds nothing wrong with any name whose special characters are escaped', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 40 })
      .filter((text) => !/[/\0]/.test(text) && !/^\.\.?$/.test(text));
    fc.assert(fc.property(name, (text) => globProblem(text.replace(/[\\[\]*?]/g, '\\$&')) === undefined));
  });

  it('answers for any text, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('[', ']', '!', '-', '\\', 'a', 'z', '*') }), (glob) => {
        expect(['string', 'undefined']).toContain(typeof globProblem(glob));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('namespaceMatcher', () => {
  it.each<[string, string, boolean]>([
    ['ns1', 'ns1', true],
    ['ns1', 'ns12', false],
    ['tenant-*', 'tenant-', true],
    ['tenant-?', 'tenant-ä', true],
    ['a.c', 'abc', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[-a]', '-', true],
    ['[a-]', '-', true],
    ['[*?]', '?', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['[\\]]', ']', true],
    ['[^a]', '^', true],
    ['*', 'a\nb', true],
    ['[😀-🙏]', '😃', true],
    ['(a|b)+', '(a|b)+', true],
  ])('%j of %j: %s', (glob, name, expected) => {
    expect(namespaceMatcher({ include: [glob], exclude: [] })(name)).toBe(expected);
  });

  it('leaves out what is excluded', () => {
    const chooses = namespaceMatcher({ include: ['a*', 'b'], exclude: ['ab'] });
    expect(['a', 'ab', 'abc', 'b', 'c'].filter(chooses)).toEqual(['a', 'abc', 'b']);
  });

  it('takes every glob that is well formed', () => {
    const unit = fc.constantFrom('[', ']', '!', '-', '\\', 'a', 'z', '*', '^', '$', '(', '.', 'ä', '&', '~');
    fc.assert(
      fc.property(
        fc.string({ unit, minLength: 1, maxLength: 12 }),
        fc.string({ unit, maxLength: 6 }),
        (glob, name) => {
          fc.pre(globProblem(glob) === undefined);
          expect(typeof namespaceMatcher({ include: [glob], exclude: [] })(name)).toBe('boolean');
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('means an escaped name and nothing else', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(name, name, (text, other) => {
        const chooses = namespaceMatcher({ include: [text.replace(/[\\[\]*?]/g, '\\$&')], exclude: [] });
        expect(chooses(text)).toBe(true);
        expect(chooses(other)).toBe(other === text);
      }),
    );
  });
});
