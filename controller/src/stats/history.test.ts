import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ANY_PACKET } from '../model/match';
import { bindingReport } from './binding-report.testing';
import { CounterLedger } from './counter-ledger';
import { historyGaps, queryHistory, resolutionFor } from './history-query';
import { HistoryRecorder } from './history-recorder';
import { foldRows, packRows, unpackRows, type HistoryRow } from './history-step';
import { HistoryStore } from './history-store';
import { RuleDirectory } from './rule-directory';
import { EVERYTHING, type StatsDimension } from './stats-grouping';

const BASE = 1_700_000_040_000;
const HOUR = 3_600_000;

const name = fc.constantFrom('', 'a', 'b', 'c');
const count = fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const row: fc.Arbitrary<HistoryRow> = fc.oneof(
  fc.record({
    ...{ kind: fc.constant('rule' as const), hostId: name, namespace: name, policy: name, ruleId: name },
    ...{ hook: fc.constant(undefined), columns: fc.tuple(count, count, count) },
  }),
  fc.record({
    ...{ kind: fc.constant('hook' as const), hostId: name, namespace: name, policy: fc.constant('') },
    ...{ ruleId: fc.constant(''), hook: fc.constantFrom('input' as const, 'forward' as const) },
    columns: fc.tuple(count, count, count, count, count),
  }),
);
const totals = (rows: readonly HistoryRow[], kind: string): bigint =>
  rows.filter((one) => one.kind === kind).reduce((sum, { columns }) => sum + (columns[0] ?? 0n), 0n);

describe('a step of history', () => {
  it('is unpacked as it was packed', () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const inOrder = [...rows].sort((a, b) => (a.kind === b.kind ? 0 : a.kind === 'rule' ? -1 : 1));
        expect(unpackRows(packRows(inOrder))).toEqual(inOrder);
      }),
    );
  });

  it('keeps its sums, and its bound, however it is folded', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 16, max: 30 }), (rows, max) => {
        const folded = foldRows(rows, max);
        for (const kind of ['rule', 'hook']) {
          expect(totals(folded, kind)).toBe(totals(rows, kind));
          expect(folded.filter((one) => one.kind === kind).length).toBeLessThanOrEqual(max);
        }
      }),
    );
  });
});

describe('history', () => {
  let folder: string;
  let store: HistoryStore;
  let now: number;
  let rules: RuleDirectory;
  let ledger: CounterLedger;
  let recorder: HistoryRecorder;

  function start(): void {
    store = new HistoryStore(folder);
    rules = new RuleDirectory((_uid, ruleId) => BigInt(ruleId.charCodeAt(0)));
    rules.put({
      ...{ name: 'policies/p', uid: 'u' },
      rules: ['a', 'b'].map((id) => ({
        ...{ id, comment: '', hook: 'input', match: ANY_PACKET, action: { kind: 'count' } },
      })),
    });
    ledger = new CounterLedger({ rules, onOddity: () => undefined, now: () => now });
    recorder = new HistoryRecorder({
      ledger,
      rules,
      store,
      now: () => now,
      onFault: (error) => {
        throw error;
      },
    });
    recorder.start();
  }
  function stop(): void {
    recorder.stop();
    store.close();
  }
  const count_ = (epoch: bigint, packets: bigint, whole = false, namespace = 'ns1'): void =>
    ledger.ingest('h1', bindingReport(epoch, [{ key: 97n, packets }], { namespace, idleMs: [0n] }), {
      whole,
    });
  const points = async (
    stepMs = 5000,
    from = BASE - 60_000,
    groupBy: StatsDimension[] = [],
  ): Promise<unknown[]> => {
    const resolutionMs = stepMs >= 60_000 ? 60_000 : 5000;
    const range = { fromMs: from, toMs: now + 5000, stepMs, resolutionMs };
    const top = { count: 1000, order: 'packets' } as const;
    const query = { filter: EVERYTHING, groupBy: new Set(groupBy), labelKeys: [], top, ...range };
    const { series } = await queryHistory(store, query, () => new Map());
    return series.flatMap(({ points: all }) =>
      all.map(({ endMs, counters }) => [endMs - BASE, counters.packets]),
    );
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-history-'));
    now = BASE;
    start();
  });
  afterEach(() => {
    stop();
    rmSync(folder, { recursive: true });
  });

  it('says in which step something was counted, and outlives a restart without counting twice', async () => {
    count_(1n, 10n);
    now += 3000;
    recorder.flush();
    count_(1n, 15n);
    now += 5000;
    stop();
    start();
    // The host tells its counters anew, as it does to a controller that it meets.
    count_(1n, 17n, true);
    count_(1n, 20n);
    now += 5000;
    recorder.flush();
    expect(await points()).toEqual([
      [5000, 10n],
      [10_000, 5n],
      [15_000, 3n],
    ]);
    now = BASE + 60_000;
    expect(await points(60_000)).toEqual([[60_000, 18n]]);
  });

  it('tells of which stretches it knows nothing, apart from those in which nothing was counted', () => {
    const run = (seconds: number): void => {
      for (const end = now + seconds * 1000; now < end; now += 5000) recorder.flush();
    };
    run(60);
    stop();
    now += 120_000;
    start();
    run(60);
    const gaps = historyGaps(store, { fromMs: BASE - 60_000, toMs: now, resolutionMs: 5000 });
    const inSeconds = gaps.map(({ fromMs, toMs }) => [(fromMs - BASE) / 1000, (toMs - BASE) / 1000]);
    expect(inSeconds).toEqual([
      [-60, -5],
      [60, 175],
    ]);
  });

  it('keeps 5 s for an hour, and minutes for a day', () => {
    count_(1n, 1n);
    recorder.flush();
    now += HOUR + 10_000;
    count_(1n, 2n);
    recorder.flush();
    expect(store.ends(5000, 0, now + HOUR)).toHaveLength(1);
    expect(store.ends(60_000, 0, now + HOUR)).toHaveLength(2);
    now += 24 * HOUR + 60_000;
    count_(1n, 3n);
    recorder.flush();
    expect(store.ends(60_000, 0, now + HOUR)).toHaveLength(1);
    expect([resolutionFor(now - HOUR, now), resolutionFor(now - HOUR - 1, now)]).toEqual([5000, 60_000]);
  });

  it('adds to a step that is there, when the clock was set back', async () => {
    count_(1n, 1n);
    recorder.flush();
    count_(1n, 3n);
    recorder.flush();
    expect(await points()).toEqual([[0, 3n]]);
  });

  it('remembers over a restart when rules were hit last', () => {
    count_(1n, 1n);
    stop();
    start();
    expect(rules.lastHit(97n)).toBe(BASE);
  });

  it.each([
    ['which are held while they are read', 1000],
    ['which are not held while they are read', 30],
  ])('of more points than an answer may have, %s, gives the series that fit', async (_what, held) => {
    const counted = (host: number): HistoryRow => ({
      ...{ kind: 'rule', hostId: `h${host}`, namespace: 'ns1', policy: 'policies/p', ruleId: 'a' },
      ...{ hook: undefined, columns: [BigInt(host), 0n, 0n] },
    });
    for (let step = 1; step <= 10; step++) store.add(BASE + step * 5000, [1, 2, 3, 4, 5].map(counted));
    const range = { fromMs: BASE, toMs: BASE + 50_000, stepMs: 5000, resolutionMs: 5000 };
    const top = { count: 4, order: 'packets' } as const;
    const query = { filter: EVERYTHING, groupBy: new Set(['host' as const]), labelKeys: [], top, ...range };
    const ask = (answered: number): ReturnType<typeof queryHistory> =>
      queryHistory(store, query, () => new Map(), { answered, held });
    const { series, leftOut } = await ask(29);
    expect(leftOut).toBe(3);
    expect(series.map(({ group, points: all }) => [group.counters.packets, all.length])).toEqual([
      [50n, 10],
      [40n, 10],
    ]);
    expect(series[1]?.points.map(({ counters }) => counters.packets)).toEqual(Array(10).fill(4n));
    expect((await ask(30)).series).toHaveLength(3);
    // One at least.
    expect((await ask(9)).series).toHaveLength(1);
    expect(await ask(1000)).toMatchObject({ leftOut: 1 });
  });

  it('of more counters than it keeps apart keeps their sums, with fewer names', async () => {
    for (let i = 0; i < 5001; i++) count_(1n, 2n, false, `ns${i}`);
    recorder.flush();
    expect(store.rows(5000, BASE)).toMatchObject([
      { hostId: 'h1', namespace: '', ruleId: 'a', columns: [10_002n, 1_000_200n, 0n] },
    ]);
    expect(await points()).toEqual([[0, 10_002n]]);
  });

  it('of counters of more hosts than it keeps apart keeps the sums of each rule', async () => {
    for (let i = 0; i < 5001; i++) {
      const counts = [97n, 98n].map((key) => ({ key, packets: key - 95n }));
      ledger.ingest(`h${i}`, bindingReport(1n, counts, { idleMs: [0n, 0n] }));
    }
    recorder.flush();
    expect(store.rows(5000, BASE)).toMatchObject([
      { hostId: '', namespace: '', ruleId: 'a', columns: [10_002n, 1_000_200n, 0n] },
      { hostId: '', namespace: '', ruleId: 'b', columns: [15_003n, 1_500_300n, 0n] },
    ]);
    expect(await points()).toEqual([[0, 25_005n]]);
  });
});
