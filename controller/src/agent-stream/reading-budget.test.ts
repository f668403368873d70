import { ReadingBudgets } from './reading-budget';

describe('how much is read of a host', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  class Source {
    isPaused = false;
    pause(): void {
      this.isPaused = true;
    }
    resume(): void {
      this.isPaused = false;
    }
  }
  const budgets = (): ReadingBudgets => new ReadingBudgets(() => Date.now());

  /** How many messages of so many milliseconds are read within a minute, when there is always one more. */
  function readInAMinute(ms: number, all = budgets(), host = 'h1'): number {
    const source = new Source();
    const budget = all.open(host, source);
    let count = 0;
    for (let passed = 0; passed < 60_000; passed += ms) {
      if (!source.isPaused) {
        budget.spend(ms);
        count += 1;
      }
      jest.advanceTimersByTime(ms);
    }
    budget.close();
    return count;
  }

  it('is all that it sends, when that is little', () => {
    const source = new Source();
    const budget = budgets().open('h1', source);
    for (let second = 0; second < 600; second++) {
      budget.spend(10);
      jest.advanceTimersByTime(1000);
      expect(source.isPaused).toBe(false);
    }
  });

  it('is a share of the time, less of what takes long', () => {
    // 3 % of 70 s, and long ones are charged more: 1 ms as 1.1, 50 ms as 300, 200 ms as 4200.
    expect(readInAMinute(1)).toBeLessThan(2000);
    expect(readInAMinute(1)).toBeGreaterThan(1700);
    expect(readInAMinute(50)).toBeLessThanOrEqual(8);
    expect(readInAMinute(200)).toBe(1);
  });

  it('does not begin anew with another stream, and leaves other hosts alone', () => {
    const all = budgets();
    all.open('h1', new Source()).spend(500);
    const [again, other] = [new Source(), new Source()];
    all.open('h1', again);
    all.open('h2', other);
    expect([again.isPaused, other.isPaused]).toEqual([true, false]);
    jest.advanceTimersByTime(3_600_000);
    expect(again.isPaused).toBe(false);
  });
});
