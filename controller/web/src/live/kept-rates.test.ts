import { keptRates } from './kept-rates';

const rates = (points: [seconds: number, count: number][], step = 5): [number, number | null][] => {
  const kept = points.map(([seconds, count]) => ({ seconds, counts: [count] }));
  const { times, series } = keptRates(kept, { step, seriesCount: 1 });
  return times.map((time, i) => [time, series[0]?.[i] ?? null]);
};

it('divides what was counted in a step by its length', () => {
  expect(
    rates([
      [5, 10],
      [10, 20],
    ]),
  ).toEqual([
    [5, 2],
    [10, 4],
  ]);
});

it('spreads a report of 15 s over the steps that have passed since the one before', () => {
  expect(
    rates([
      [5, 0],
      [20, 300],
    ]),
  ).toEqual([
    [5, 0],
    [10, 20],
    [15, 20],
    [20, 20],
  ]);
});

it('knows that nothing was counted where steps are missing for longer', () => {
  expect(
    rates([
      [5, 5],
      [30, 150],
    ]),
  ).toEqual([
    [5, 1],
    [10, 0],
    [15, 0],
    [20, 10],
    [25, 10],
    [30, 10],
  ]);
});

it('takes a minute as it is', () => {
  expect(
    rates(
      [
        [60, 60],
        [180, 120],
      ],
      60,
    ),
  ).toEqual([
    [60, 1],
    [120, 0],
    [180, 2],
  ]);
});

it('loses no packet and makes none up', () => {
  const points: [number, number][] = [
    [5, 7],
    [10, 11],
    [25, 45],
    [100, 15],
    [105, 3],
  ];
  const sum = rates(points).reduce((total, [, rate]) => total + (rate ?? 0) * 5, 0);
  expect(sum).toBeCloseTo(7 + 11 + 45 + 15 + 3);
});
