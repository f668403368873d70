import fc from 'fast-check';
import { Counts } from './counts';
import { CumulativeTable } from './cumulative-table';

/** What it is to do, with a map for each epoch. */
class Model {
  readonly seen = new Map<string, bigint[]>();
  readonly totals = new Map<string, bigint[]>();
  /** Epochs by binding, in the order in which they came up. */
  readonly entered = new Map<number, bigint[]>();

  take(binding: number, epoch: bigint, item: number, values: readonly bigint[]): void {
    const epochs = this.entered.get(binding) ?? [];
    this.entered.set(binding, epochs);
    if (!epochs.includes(epoch)) epochs.push(epoch);
    if (epochs.indexOf(epoch) < epochs.length - 4) return;
    const [seenKey, key] = [`${binding} ${epoch} ${item}`, `${binding} ${item}`];
    const before = this.seen.get(seenKey);
    const rises = values.map((value, i) => {
      const difference = BigInt.asUintN(64, value - (before?.[i] ?? 0n));
      return before === undefined || difference < 1n << 63n ? difference : 0n;
    });
    this.seen.set(
      seenKey,
      rises.map((rise, i) => BigInt.asUintN(64, (before?.[i] ?? 0n) + rise)),
    );
    const total = this.totals.get(key) ?? values.map(() => 0n);
    this.totals.set(
      key,
      total.map((sum, i) => BigInt.asUintN(64, sum + (rises[i] ?? 0n))),
    );
  }
}

const value = fc.oneof(
  fc.bigInt({ min: 0n, max: 20n }),
  fc.bigInt({ min: 2n ** 64n - 20n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

describe('the table of cumulative counters', () => {
  it('holds the totals that a map for each epoch gives, of any reports in any order, but of epochs four back', () => {
    const report = fc.record({
      binding: fc.nat({ max: 2 }),
      epoch: fc.bigInt({ min: 1n, max: 9n }),
      item: fc.nat({ max: 3 }),
      values: fc.tuple(value, value),
    });
    fc.assert(
      fc.property(fc.array(report, { maxLength: 80 }), (reports) => {
        const table = new CumulativeTable({ width: 2, maxCells: 100 });
        const model = new Model();
        for (const { binding, epoch, item, values } of reports) {
          table.enterEpoch(binding, epoch);
          const cell = table.cell(binding, item) ?? -1;
          const before = [table.total(cell, 0), table.total(cell, 1)];
          const hasRisen = table.take(cell, epoch, Counts.of(values));
          model.take(binding, epoch, item, values);
          const rises = [0, 1].map((i) => BigInt.asUintN(64, table.total(cell, i) - (before[i] ?? 0n)));
          expect([...table.rise.values]).toEqual(rises);
          expect(hasRisen).toBe(rises.some((rise) => rise > 0n));
          expect([table.bindingOf(cell), table.itemOf(cell)]).toEqual([binding, item]);
        }
        for (const [key, totals] of model.totals) {
          const [binding = 0, item = 0] = key.split(' ').map(Number);
          const cell = table.cell(binding, item) ?? -1;
          expect([table.total(cell, 0), table.total(cell, 1)]).toEqual(totals);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('finds every cell again as it grows, and makes none beyond its limit', () => {
    const table = new CumulativeTable({ width: 1, maxCells: 5000 });
    const made = Array.from({ length: 5000 }, (_, i) => table.cell(i % 70, Math.floor(i / 70)));
    expect(made).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(Array.from({ length: 5000 }, (_, i) => table.cell(i % 70, Math.floor(i / 70)))).toEqual(made);
    expect(table.cell(99, 99)).toBeUndefined();
  });
});
