import fc from 'fast-check';
import { Violations } from '../rpc/violations';
import { pageTokenAfter, parsePage } from './page';

function parse(
  pageToken: string,
  list = 'list',
  pageSize = 0,
): { after: unknown; size: number; valid: boolean } {
  const violations = new Violations();
  const page = parsePage({ pageSize, pageToken }, list, violations);
  return { ...page, valid: !violations.any };
}

describe('a page token', () => {
  it('continues behind the key that it was made for', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().filter((text) => !text.includes('\0')),
          { minLength: 1, maxLength: 3 },
        ),
        (key) => {
          expect(parse(pageTokenAfter(key, 'list'))).toMatchObject({ after: key, valid: true });
        },
      ),
    );
  });

  it('is refused by any other list', () => {
    expect(parse(pageTokenAfter(['a'], 'list'), 'other').valid).toBe(false);
  });

  it('is refused when it is not ours', () => {
    fc.assert(fc.property(fc.string({ minLength: 1 }), (token) => !parse(token).valid));
    expect(parse(`${pageTokenAfter(['a'], 'list')}=`).valid).toBe(false);
  });
});

describe('a page size', () => {
  it.each([
    [0, 100, true],
    [1, 1, true],
    [1000, 1000, true],
    [5000, 1000, true],
    [-1, 100, false],
  ])('of %d means %d', (asked, size, valid) => {
    expect(parse('', 'list', asked)).toMatchObject({ size, valid });
  });
});
