import fc from 'fast-check';
import { RateWindow } from './rate-window';

describe('rates', () => {
  it('are rises over the time in which they came', () => {
    const window = new RateWindow(2, 60, 2);
    window.push(10, [100, 0]);
    window.push(12, [140, 1]);
    expect({ times: window.times, series: window.series }).toEqual({ times: [12], series: [[20], [0.5]] });
  });

  it('are not known where counts fall, or the stream was cut', () => {
    const window = new RateWindow(1, 60);
    for (const [seconds, count] of [
      [1, 5],
      [2, 6],
      [3, 0],
    ] as const)
      window.push(seconds, [count]);
    expect(window.series).toEqual([[1, null]]);
    window.break();
    window.push(9, [100]);
    expect(window.latest()).toEqual([null]);
    window.push(10, [101]);
    expect(window.latest()).toEqual([1]);
  });

  it('are those of the last interval when a message comes after a quiet time', () => {
    const window = new RateWindow(1, 60);
    window.push(0, [5]);
    window.quiet(10);
    window.push(31, [105]);
    expect(window.times).toEqual([8, 30, 31]);
    expect(window.series).toEqual([[0, 0, 100]]);
  });

  it('are kept no longer than asked for, series and times alike', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 3, maxLength: 50 }), (rises) => {
        const window = new RateWindow(1, 10);
        let count = 0;
        rises.forEach((rise, second) => window.push(second, [(count += rise)]));
        expect(window.series[0]).toEqual(rises.slice(1).slice(-11));
        expect(window.times).toHaveLength(window.series[0]?.length ?? NaN);
      }),
    );
  });
});
