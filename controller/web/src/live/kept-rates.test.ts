import { keptRates } from './kept-rates';

type Point = [seconds: number, count: number];
const RANGE = { from: 0, to: 30, step: 5, seriesCount: 1, gaps: [] };

const rates = (points: Point[], range = {}): (number | null)[] => {
  const kept = points.map(([seconds, count]) => ({ seconds, counts: [count] }));
  return [...(keptRates(kept, { ...RANGE, ...range }).series[0] ?? [])];
};

it('tells of every step when it ended', () => {
  expect(keptRates([], RANGE).times).toEqual([5, 10, 15, 20, 25, 30]);
});

it('divides what was counted in a step by its length', () => {
  expect(
    rates(
      [
        [5, 10],
        [10, 20],
      ],
      { to: 10 },
    ),
  ).toEqual([2, 4]);
});

it('spreads a report of 15 s over the steps that have passed since the one before', () => {
  expect(
    rates([
      [5, 5],
      [20, 300],
      [30, 100],
    ]),
  ).toEqual([1, 20, 20, 20, 10, 10]);
});

it('knows that nothing was counted where steps are missing for longer', () => {
  expect(rates([[30, 150]])).toEqual([0, 0, 0, 10, 10, 10]);
});

it('takes a minute as it is', () => {
  expect(rates([[180, 120]], { to: 240, step: 60 })).toEqual([0, 0, 2, 0]);
});

it('says nothing of a stretch of which nothing is known, and puts nothing into it', () => {
  expect(rates([[25, 30]], { gaps: [{ from: 5, to: 20 }] })).toEqual([0, null, null, null, 6, 0]);
});

it('loses no packet and makes none up', () => {
  const points: Point[] = [
    [5, 7],
    [10, 11],
    [25, 45],
    [100, 15],
    [105, 3],
  ];
  const sum = rates(points, { to: 120 }).reduce<number>((total, rate) => total + (rate ?? 0) * 5, 0);
  expect(sum).toBeCloseTo(7 + 11 + 45 + 15 + 3);
});
