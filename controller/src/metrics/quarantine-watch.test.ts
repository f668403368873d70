import { QuarantineWatch } from './quarantine-watch';

describe('the watch over quarantine', () => {
  let now = 0;
  let watch: QuarantineWatch;
  const look = (...births: [host: string, birth: bigint][]): number => {
    watch.begin();
    for (const birth of births) watch.see(...birth);
    watch.end();
    return watch.oldestSeconds();
  };
  beforeEach(() => {
    now = 0;
    watch = new QuarantineWatch(() => now);
  });

  it('tells since when the oldest was seen', () => {
    expect(look()).toBe(0);
    expect(look(['h1', 1n])).toBe(0);
    now = 5000;
    expect(look(['h1', 1n], ['h1', 2n])).toBe(5);
  });

  it('begins anew for another namespace, even where many come and go', () => {
    look(['h1', 1n]);
    now = 5000;
    expect(look(['h1', 2n])).toBe(0);
    now = 7000;
    expect(look(['h2', 2n], ['h1', 2n])).toBe(2);
    expect(look()).toBe(0);
  });
});
