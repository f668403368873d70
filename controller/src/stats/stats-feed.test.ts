import { ANY_PACKET } from '../model/match';
import { CounterLedger } from './counter-ledger';
import { RuleDirectory } from './rule-directory';
import { StatsFeed, type StatsDimension, type StatsFilter, type StatsGroup } from './stats-feed';

const EVERYTHING: StatsFilter = { hostIds: [], namespaces: [], policies: [], ruleIds: [] };

function bench(): {
  feed: StatsFeed;
  count: (host: string, namespace: string, rule: string, packets: bigint) => void;
  watched: boolean[];
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
  return {
    feed: new StatsFeed(ledger, (now) => watched.push(now)),
    watched,
    count: (host, namespace, rule, packets) => {
      const [uid = '', ruleId = ''] = rule.split('/');
      const cell = [host, namespace, rule].join();
      const total = (totals.get(cell) ?? 0n) + packets;
      totals.set(cell, total);
      const column = { packets: [total], bytes: [total * 10n], shadowPackets: [0n] };
      ledger.ingest(host, { namespace, epoch: 1n, ruleKeys: [keyOf(uid, ruleId)], ...column });
    },
  };
}

const show = (groups: StatsGroup[]): string[] =>
  groups.map(({ hostId, namespace, policy, ruleId, counters }) =>
    [hostId, namespace, policy, ruleId]
      .filter((part) => part !== '')
      .concat(String(counters.packets))
      .join(' '),
  );

const by = (...groupBy: StatsDimension[]): { filter: StatsFilter; groupBy: Set<StatsDimension> } => ({
  filter: EVERYTHING,
  groupBy: new Set(groupBy),
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
    const filter = { hostIds: ['h1'], namespaces: ['ns1', 'ns2'], policies: ['policies/p'], ruleIds: ['r'] };
    const view = feed.open({ filter, groupBy: new Set() });
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
});
