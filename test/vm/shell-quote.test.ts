import { execFileSync } from 'node:child_process';

import fc from 'fast-check';

import { shellQuote } from './shell-quote';

describe('quoting for the shell', () => {
  it('lets a shell read back any text, with quotes, newlines, dollars and backslashes', () => {
    const text = fc.string({
      unit: fc.constantFrom("'", '"', '\\', '\n', '$', '`', ' ', '*', 'é', 'a', '-'),
    });
    fc.assert(
      fc.property(text, (value) => {
        expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(value)}`], { encoding: 'utf8' })).toBe(
          value,
        );
      }),
      { numRuns: 50 },
    );
  });
});
