import fc from 'fast-check';
import { RateWindow } from './rate-window';

describe('rates', () => {
  it('are rises over the time in which they came', () => {
    const window = new RateWindow(2, { keepSeconds: 60, intervalSeconds: 2 });
    window.push(10, [100, 0]);
    window.push(12, [140, 1]);
    expect({ times: window.times, series: window.series }).toEqual({ times: [12], series: [[20], [0.5]] });
  });

  it('are not known where counts fall, or the stream was cut', () => {
    const window = new RateWindow(1, { keepSeconds: 60 });
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

  it('are not told before hosts have told what they counted unwatched', () => {
    const window = new RateWindow(1, { keepSeconds: 60, settleSeconds: 3 });
    for (const [seconds, count] of [
      [10, 0],
      [11, 1500],
      [13, 1700],
      [14, 1800],
    ] as const)
      window.push(seconds, [count]);
    expect([window.times, window.series]).toEqual([[14], [[100]]]);
  });

  it('of the time before the stream can be filled in, and once more when it has been cut', () => {
    const window = new RateWindow(1, { keepSeconds: 60 });
    window.push(10, [0]);
    window.push(11, [5]);
    window.fillPast({ times: [5, 10, 15], series: [[1, 2, 3]] });
    expect([window.times, window.series]).toEqual([[5, 10, 11], [[1, 2, 5]]]);
    window.break();
    window.push(20, [50]);
    window.push(21, [51]);
    window.fillPast({ times: [5, 15, 20], series: [[1, 3, 4]] });
    expect([window.times, window.series]).toEqual([[5, 15, 20, 21], [[1, 3, 4, 1]]]);
  });

  it('are those of the last interval when a message comes after a quiet time', () => {
    const window = new RateWindow(1, { keepSeconds: 60 });
    window.push(0, [5]);
    window.quiet(10);
    window.push(31, [105]);
    expect(window.times).toEqual([8, 30, 31]);
    expect(window.series).toEqual([[0, 0, 100]]);
  });

  it('are kept no longer than asked for, series and times alike', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 3, maxLength: 50 }), (rises) => {
        const window = new RateWindow(1, { keepSeconds: 10 });
        let count = 0;
        rises.forEach((rise, second) => window.push(second, [(count += rise)]));
        expect(window.series[0]).toEqual(rises.slice(1).slice(-11));
        expect(window.times).toHaveLength(window.series[0]?.length ?? NaN);
      }),
    );
  });
});
