import fc from 'fast-check';
import { Backoff } from './backoff';

describe('Backoff', () => {
  it('doubles the wait up to the cap', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 1000, random: () => 1 });
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  it('starts over after a reset', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 1000, random: () => 1 });
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('stays between half of the bound and the bound, for any number of tries', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (tries, drawn) => {
        const backoff = new Backoff({ initialMs: 50, maxMs: 30_000, random: () => drawn });
        for (let i = 0; i < tries; i++) backoff.next();
        const bound = Math.min(30_000, 50 * 2 ** tries);
        const wait = backoff.next();
        return wait >= bound / 2 && wait <= bound;
      }),
    );
  });
});
