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
      budget.spend(100);
      jest.advanceTimersByTime(1000);
      expect(source.isPaused).toBe(false);
    }
  });

  it('is a share of the time, whatever its messages take', () => {
    // A tenth of 60 s and of the 30 s that it may be ahead.
    for (const ms of [1, 50, 200]) {
      const readMs = readInAMinute(ms) * ms;
      expect(readMs).toBeGreaterThan(8500);
      expect(readMs).toBeLessThan(9500);
    }
  });

  it('is soon again all that it sends, after one message that took long', () => {
    const source = new Source();
    budgets().open('h1', source).spend(2000);
    jest.advanceTimersByTime(501);
    expect(source.isPaused).toBe(false);
  });

  it('is a fifth of any short time, also while it has said little before', () => {
    const source = new Source();
    const budget = budgets().open('h1', source);
    let read = 0;
    for (let ms = 0; ms < 1000; ms++) {
      if (!source.isPaused) {
        budget.spend(1);
        read += 1;
      }
      jest.advanceTimersByTime(1);
    }
    expect(read).toBeGreaterThan(180);
    expect(read).toBeLessThan(210);
  });

  it('does not begin anew with another stream, and leaves other hosts alone', () => {
    const all = budgets();
    all.open('h1', new Source()).spend(5000);
    const [again, other] = [new Source(), new Source()];
    all.open('h1', again);
    all.open('h2', other);
    expect([again.isPaused, other.isPaused]).toEqual([true, false]);
    jest.advanceTimersByTime(3_600_000);
    expect(again.isPaused).toBe(false);
  });
});
