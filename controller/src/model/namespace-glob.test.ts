import fc from 'fast-check';
import { globProblem } from './namespace-glob';

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
