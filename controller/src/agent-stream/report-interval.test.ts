import { ReportInterval } from './report-interval';

describe('how often hosts report statistics', () => {
  it('is every 15 s, and every second while somebody watches', () => {
    const interval = new ReportInterval();
    expect([interval.ms, interval.isUsual]).toEqual([15_000, true]);
    interval.setWatched(true, 1000);
    expect([interval.ms, interval.isUsual]).toEqual([1000, false]);
    interval.setWatched(false, 1000);
    expect(interval.ms).toBe(15_000);
  });

  it('is so seldom that all together make 1,000 reports a second at most', () => {
    const interval = new ReportInterval();
    interval.setWatched(true, 4001);
    expect(interval.ms).toBe(5000);
    interval.setWatched(false, 20_000);
    expect(interval.ms).toBe(20_000);
  });

  it('grows with the hosts that come, and shrinks when somebody begins to watch', () => {
    const interval = new ReportInterval();
    interval.setWatched(true, 999);
    expect([interval.hasGrown(1000), interval.hasGrown(1001), interval.hasGrown(2000)]).toEqual([
      false,
      true,
      false,
    ]);
    expect([interval.hasGrown(500), interval.ms]).toEqual([false, 2000]);
    interval.setWatched(true, 500);
    expect(interval.ms).toBe(1000);
  });
});
