import fc from 'fast-check';
import { ANY_PACKET } from '../model/match';
import type { Labels } from '../model/selector';
import { bindingReport } from './binding-report.testing';
import { CounterLedger } from './counter-ledger';
import { RuleDirectory } from './rule-directory';
import type { StatsGroup } from './grouped-view';
import { StatsFeed, type FeedQuery } from './stats-feed';
import { EVERYTHING, keyText, type StatsDimension } from './stats-grouping';

function bench(): {
  feed: StatsFeed;
  count: (host: string, namespace: string, rule: string, packets: bigint) => void;
  watched: boolean[];
  ledger: CounterLedger;
  labels: Map<string, Labels>;
  clock: { ms: number };
} {
  const keys = new Map<string, bigint>();
  const keyOf = (uid: string, ruleId: string): bigint => {
    const name = `${uid}/${ruleId}`;
    keys.set(name, keys.get(name) ?? BigInt(keys.size + 1));
    return keys.get(name) ?? 0n;
  };
  const rules = new RuleDirectory(keyOf);
  const match = ANY_PACKET;
  for (const policy of ['p', 'q']) {
    rules.put({
      name: `policies/${policy}`,
      uid: policy,
      rules: ['r', 's'].map((id) => ({ id, comment: '', hook: 'input', match, action: { kind: 'count' } })),
    });
  }
  const ledger = new CounterLedger({ rules, onOddity: () => undefined });
  const watched: boolean[] = [];
  const totals = new Map<string, bigint>();
  const labels = new Map<string, Labels>();
  const clock = { ms: 0 };
  return {
    feed: new StatsFeed({
      ledger,
      labelsOf: (hostId) => labels.get(hostId) ?? new Map<string, string>(),
      onWatched: (now) => watched.push(now),
      now: () => clock.ms,
    }),
    ...{ watched, ledger, labels, clock },
    count: (host, namespace, rule, packets) => {
      const [uid = '', ruleId = ''] = rule.split('/');
      const cell = [host, namespace, rule].join();
      const total = (totals.get(cell) ?? 0n) + packets;
      totals.set(cell, total);
      ledger.ingest(host, bindingReport(1n, [{ key: keyOf(uid, ruleId), packets: total }], { namespace }));
    },
  };
}

const show = (groups: StatsGroup[]): string[] =>
  groups.map(({ key: { hostId, namespace, policy, ruleId, hook = '', labels }, counters }) =>
    [hostId, namespace, policy, ruleId, hook, ...labels.values()]
      .filter((part) => part !== '')
      .concat(String(counters.packets))
      .join(' '),
  );

const by = (...groupBy: StatsDimension[]): FeedQuery => ({
  filter: EVERYTHING,
  groupBy: new Set(groupBy),
  labelKeys: [],
});

describe('the statistics feed', () => {
  it('shows every group at first, and then what has changed', () => {
    const { feed, count } = bench();
    count('h1', 'ns1', 'p/r', 5n);
    count('h2', 'ns1', 'p/s', 7n);
    const view = feed.open(by('rule'));
    expect(show(view.snapshot())).toEqual(['policies/p r 5', 'policies/p s 7']);
    expect(view.takeChanged()).toEqual([]);
    count('h1', 'ns2', 'p/r', 1n);
    count('h1', 'ns1', 'q/r', 2n);
    expect(show(view.takeChanged())).toEqual(['policies/p r 6', 'policies/q r 2']);
    expect(view.takeChanged()).toEqual([]);
    view.close();
  });

  it('gives a slow reader the newest sums, not those that it has missed', () => {
    const { feed, count } = bench();
    const view = feed.open(by());
    expect(show(view.snapshot())).toEqual(['0']);
    for (let i = 0; i < 100; i++) count('h1', 'ns1', 'p/r', 1n);
    expect(show(view.takeChanged())).toEqual(['100']);
    view.close();
  });

  it.each<[StatsDimension[], string[]]>([
    [[], ['15']],
    [['host'], ['h1 7', 'h2 8']],
    [['namespace'], ['ns1 9', 'ns2 6']],
    [['policy'], ['policies/p 11', 'policies/q 4']],
    [
      ['host', 'namespace'],
      ['h1 ns1 1', 'h1 ns2 6', 'h2 ns1 8'],
    ],
    [['rule'], ['policies/p r 1', 'policies/p s 10', 'policies/q r 4']],
  ])('adds up by %j', (groupBy, expected) => {
    const { feed, count } = bench();
    count('h1', 'ns1', 'p/r', 1n);
    count('h1', 'ns2', 'p/s', 2n);
    count('h1', 'ns2', 'q/r', 4n);
    count('h2', 'ns1', 'p/s', 8n);
    const view = feed.open(by(...groupBy));
    expect(show(view.snapshot())).toEqual(expected);
    view.close();
  });

  it('counts only what passes every part of the filter', () => {
    const { feed, count } = bench();
    const filter = {
      ...EVERYTHING,
      hostIds: ['h1'],
      namespaces: ['ns1', 'ns2'],
      policies: ['policies/p'],
      ruleIds: ['r'],
    };
    const view = feed.open({ ...by(), filter });
    count('h1', 'ns1', 'p/r', 1n);
    count('h2', 'ns1', 'p/r', 2n);
    count('h1', 'ns3', 'p/r', 4n);
    count('h1', 'ns1', 'q/r', 8n);
    count('h1', 'ns1', 'p/s', 16n);
    count('h1', 'ns2', 'p/r', 32n);
    expect(show(view.takeChanged())).toEqual(['33']);
    view.close();
  });

  it('tells when somebody begins to watch, and when nobody does any more', () => {
    const { feed, watched } = bench();
    const [a, b] = [feed.open(by()), feed.open(by())];
    a.close();
    a.close();
    expect(watched).toEqual([true]);
    b.close();
    expect(watched).toEqual([true, false]);
  });

  it('adds up by labels of hosts, as they are when something is counted', () => {
    const { feed, count, labels } = bench();
    labels.set('h1', new Map([['site', 'fra']]));
    labels.set('h2', new Map([['site', 'ams']]));
    count('h1', 'ns1', 'p/r', 1n);
    count('h2', 'ns1', 'p/r', 2n);
    const view = feed.open({ ...by(), labelKeys: ['site'] });
    expect(show(view.snapshot())).toEqual(['ams 2', 'fra 1']);
    labels.set('h1', new Map([['site', 'ams']]));
    count('h1', 'ns1', 'p/r', 4n);
    expect(show(view.takeChanged())).toEqual(['ams 6']);
    view.close();
  });

  it('counts only hosts whose labels fulfil the filter', () => {
    const { feed, count, labels } = bench();
    labels.set('h1', new Map([['site', 'fra']]));
    const hosts = { requirements: [{ operator: 'equals', key: 'site', value: 'fra' } as const] };
    const view = feed.open({ ...by('host'), filter: { ...EVERYTHING, hosts } });
    count('h1', 'ns1', 'p/r', 1n);
    count('h2', 'ns1', 'p/r', 2n);
    expect(show(view.takeChanged())).toEqual(['h1 1']);
    view.close();
  });

  it('shows the top, all of it each time', () => {
    const { feed, count } = bench();
    const view = feed.open({ ...by('host'), top: { count: 2, order: 'packets' } });
    for (const [host, packets] of [
      ['h1', 1n],
      ['h2', 9n],
      ['h3', 5n],
    ] as const)
      count(host, 'ns1', 'p/r', packets);
    expect(show(view.snapshot())).toEqual(['h2 9', 'h3 5']);
    count('h1', 'ns1', 'p/r', 10n);
    expect(show(view.takeChanged())).toEqual(['h1 11', 'h2 9']);
    view.close();
  });

  it('gives rates, and says once that a group has come to rest', () => {
    const { feed, count, clock } = bench();
    count('h1', 'ns1', 'p/r', 100n);
    const view = feed.open({ ...by('host'), withRates: true });
    const rates = (groups: ReturnType<typeof view.snapshot>): unknown[] =>
      groups.map(({ key, rates: measured }) => [key.hostId, measured?.packets, measured?.bytes]);
    expect(rates(view.snapshot())).toEqual([['h1', undefined, undefined]]);
    count('h1', 'ns1', 'p/r', 50n);
    count('h2', 'ns1', 'p/r', 20n);
    clock.ms = 2000;
    expect(rates(view.takeChanged())).toEqual([
      ['h1', 25, 2500],
      ['h2', 10, 1000],
    ]);
    clock.ms = 3000;
    expect(rates(view.takeChanged())).toEqual([
      ['h1', 0, 0],
      ['h2', 0, 0],
    ]);
    expect(view.takeChanged()).toEqual([]);
    view.close();
  });

  it('tells what became of packets, where groups are not of rules', () => {
    const { feed, ledger, count } = bench();
    count('h1', 'ns1', 'p/r', 3n);
    ledger.ingest(
      'h1',
      bindingReport(1n, [], {
        ...{ hooks: ['input', 'output'], accepted: [10n, 1n], dropped: [2n, 0n], rejected: [3n, 0n] },
        ...{ shadowDropped: [4n, 0n], malformed: [5n, 0n] },
      }),
    );
    const traffic = (...groupBy: StatsDimension[]): unknown[] => {
      const view = feed.open(by(...groupBy));
      const groups = view.snapshot();
      view.close();
      return groups.map(({ key: { hook }, traffic: counted }) => [hook, counted?.accepted, counted?.dropped]);
    };
    expect(traffic('namespace')).toEqual([[undefined, 11n, 2n]]);
    expect(traffic('hook')).toEqual([
      [undefined, 0n, 0n],
      ['input', 10n, 2n],
      ['output', 1n, 0n],
    ]);
    expect(traffic('rule')).toEqual([[undefined, undefined, undefined]]);
  });

  it('agrees, whatever is asked and counted, with a sum over everything', () => {
    const step = fc.tuple(
      fc.constantFrom('h1', 'h2', 'h3'),
      fc.constantFrom('ns1', 'ns2'),
      fc.constantFrom('p/r', 'p/s', 'q/r'),
      fc.bigInt({ min: 1n, max: 9n }),
    );
    fc.assert(
      fc.property(
        fc.subarray(['host', 'namespace', 'policy', 'rule'] as const),
        fc.array(step),
        fc.nat(),
        (groupBy, steps, cut) => {
          const { feed, count, ledger } = bench();
          const [before, after] = [
            steps.slice(0, cut % (steps.length + 1)),
            steps.slice(cut % (steps.length + 1)),
          ];
          for (const one of before) count(...one);
          const view = feed.open(by(...groupBy));
          const seen = new Map(view.snapshot().map((group) => [keyText(group.key), group.counters]));
          for (const one of after) {
            count(...one);
            for (const group of view.takeChanged()) seen.set(keyText(group.key), group.counters);
          }
          view.close();
          const fresh = feed.open(by(...groupBy));
          const whole = new Map(fresh.snapshot().map((group) => [keyText(group.key), group.counters]));
          fresh.close();
          expect(seen).toEqual(whole);
          const packets = [...whole.values()].reduce((sum, counters) => sum + counters.packets, 0n);
          expect(packets).toBe([...ledger.entries()].reduce((sum, { total }) => sum + total.packets, 0n));
        },
      ),
      { numRuns: 100 },
    );
  });
});
