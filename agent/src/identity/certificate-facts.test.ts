import * as fc from 'fast-check';
import { daysLeft, namesHost, renewalTime } from './certificate-facts';

const YEAR_MS = 365 * 86_400_000;
const lives = fc.record({
  start: fc.integer({ min: 0, max: 50 * YEAR_MS }),
  lifeMs: fc.integer({ min: 3000, max: 10 * YEAR_MS }),
});

describe('a certificate', () => {
  it('is due when two thirds of its life are over, however long that is', () => {
    fc.assert(
      fc.property(lives, ({ start, lifeMs }) => {
        const due = renewalTime({ notBefore: new Date(start), notAfter: new Date(start + lifeMs) }).getTime();
        expect(Math.abs(due - start - (lifeMs * 2) / 3)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('has days left, and fewer than none once it has run out', () => {
    const notAfter = new Date('2031-01-31T12:00:00Z');
    expect(daysLeft({ notAfter }, new Date('2031-01-30T00:00:00Z'))).toBe(1.5);
    expect(daysLeft({ notAfter }, new Date('2031-02-01T12:00:00Z'))).toBe(-1);
  });

  it.each([
    ['spiffe://site.example/nsgate/host/web-1', true],
    ['spiffe://site.example/nsgate/host/web-10', false],
    ['spiffe://site.example/nsgate/host/x/web-1', false],
    ['spiffe://site.example/nsgate/operator/web-1', false],
    ['https://site.example/nsgate/host/web-1', false],
    ['', false],
  ])('for %j names web-1: %s', (uri, expected) => {
    expect(namesHost({ uri, notBefore: new Date(), notAfter: new Date() }, 'web-1')).toBe(expected);
  });
});
