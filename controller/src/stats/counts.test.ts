import fc from 'fast-check';
import { Counts } from './counts';

const value = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 2n ** 32n - 3n, max: 2n ** 32n + 3n }),
  fc.bigInt({ min: 2n ** 64n - 3n, max: 2n ** 64n - 1n }),
);

describe('a column of counts', () => {
  it('adds as 64-bit numbers do', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const sums = Counts.of([7n, a]);
        sums.add(1, Counts.of([b]), 0);
        expect([...sums.values]).toEqual([7n, BigInt.asUintN(64, a + b)]);
      }),
      { numRuns: 1000 },
    );
  });

  it('grows, and is 0 beyond its end', () => {
    const counts = Counts.of([2n ** 40n]).grown(2);
    expect([0, 1, 9].map((at) => counts.at(at))).toEqual([2n ** 40n, 0n, 0n]);
  });
});
