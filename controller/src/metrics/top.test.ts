import fc from 'fast-check';
import { Top } from './top';

describe('the greatest of what goes by', () => {
  it('are those that a sort would put first, and the rest is counted', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 50 })), fc.nat({ max: 20 }), (weights, limit) => {
        const top = new Top<number>(limit);
        for (const weight of weights) top.offer(weight, weight);
        const sorted = [...weights].sort((a, b) => b - a);
        expect([...top.items()].sort((a, b) => b - a)).toEqual(sorted.slice(0, limit));
        expect(top.leftOut).toBe(Math.max(0, weights.length - limit));
      }),
    );
  });

  it('are, of equals, those that came first', () => {
    const top = new Top<string>(2);
    for (const item of ['a', 'b', 'c']) top.offer(item, 1);
    expect([...top.items()].sort()).toEqual(['a', 'b']);
  });
});
