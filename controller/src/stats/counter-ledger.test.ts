import fc from 'fast-check';
import { ANY_PACKET } from '../model/match';
import { CounterLedger, type BindingReport, type LedgerEntry } from './counter-ledger';
import { RuleDirectory } from './rule-directory';

const KEYS: Readonly<Record<string, bigint>> = { a: 1n, b: 2n, gone: 3n };

function directory(...ruleIds: string[]): RuleDirectory {
  const rules = new RuleDirectory((_uid, ruleId) => KEYS[ruleId] ?? 99n);
  const match = ANY_PACKET;
  const action = { kind: 'count' } as const;
  rules.put({
    name: 'policies/p',
    uid: 'u',
    rules: ruleIds.map((id) => ({ id, comment: '', hook: 'input', match, action })),
  });
  return rules;
}

interface Count {
  key: bigint;
  packets: bigint;
}

const report = (epoch: bigint, counts: Count[], namespace = 'ns1'): BindingReport => ({
  namespace,
  epoch,
  ruleKeys: counts.map(({ key }) => key),
  packets: counts.map(({ packets }) => packets),
  bytes: counts.map(({ packets }) => packets * 100n),
  shadowPackets: counts.map(() => 0n),
});

function ledger(rules = directory('a', 'b')): { ledger: CounterLedger; oddities: unknown[] } {
  const oddities: unknown[] = [];
  return { ledger: new CounterLedger({ rules, onOddity: (oddity) => oddities.push(oddity) }), oddities };
}

const packetsOf = (one: CounterLedger, ruleId = 'a'): bigint =>
  [...one.entries()]
    .filter((entry) => entry.ruleId === ruleId)
    .reduce((sum, { total }) => sum + total.packets, 0n);

describe('the counter ledger', () => {
  it('adds what rose within an epoch, and all of what a new epoch has counted', () => {
    const { ledger: one } = ledger();
    one.ingest('h1', report(1n, [{ key: 1n, packets: 10n }]));
    one.ingest('h1', report(1n, [{ key: 1n, packets: 15n }]));
    one.ingest('h1', report(2n, [{ key: 1n, packets: 4n }]));
    const [entry] = [...one.entries()];
    expect(entry).toEqual<LedgerEntry>({
      hostId: 'h1',
      namespace: 'ns1',
      policy: 'policies/p',
      ruleId: 'a',
      total: { packets: 19n, bytes: 1900n, shadowPackets: 0n },
    });
  });

  it('adds nothing for a report that comes twice, or comes late', () => {
    const { ledger: one } = ledger();
    for (const packets of [10n, 15n, 15n, 10n, 12n, 16n])
      one.ingest('h1', report(1n, [{ key: 1n, packets }]));
    one.ingest('h1', report(2n, [{ key: 1n, packets: 3n }]));
    one.ingest('h1', report(1n, [{ key: 1n, packets: 16n }]));
    expect(packetsOf(one)).toBe(19n);
  });

  it('keeps hosts and namespaces apart', () => {
    const { ledger: one } = ledger();
    one.ingest('h1', report(1n, [{ key: 1n, packets: 1n }]));
    one.ingest('h2', report(1n, [{ key: 1n, packets: 2n }]));
    one.ingest('h1', report(1n, [{ key: 1n, packets: 4n }], 'ns2'));
    expect([...one.entries()].map(({ total }) => total.packets).sort()).toEqual([1n, 2n, 4n]);
  });

  it('starts from 0 after a boot, even if an epoch has the name of an older one', () => {
    const { ledger: one } = ledger();
    one.ingest('h1', report(1n, [{ key: 1n, packets: 10n }]));
    one.forgetEpochs('h1');
    one.ingest('h1', report(1n, [{ key: 1n, packets: 3n }]));
    expect(packetsOf(one)).toBe(13n);
  });

  it('says once that it knows no such rule, and counts all of it when it does', () => {
    const rules = directory('a');
    const { ledger: one, oddities } = ledger(rules);
    for (const packets of [5n, 6n]) one.ingest('h1', report(1n, [{ key: 2n, packets }]));
    expect(oddities).toEqual([{ kind: 'unknown-rule', hostId: 'h1', key: 2n }]);
    expect(packetsOf(one, 'b')).toBe(0n);
    const match = ANY_PACKET;
    rules.put({
      name: 'policies/q',
      uid: 'u',
      rules: [{ id: 'b', comment: '', hook: 'input', match, action: { kind: 'count' } }],
    });
    one.ingest('h1', report(1n, [{ key: 2n, packets: 7n }]));
    expect(packetsOf(one, 'b')).toBe(7n);
  });

  it('still counts for a rule that was just deleted', () => {
    const rules = directory('a');
    const { ledger: one } = ledger(rules);
    rules.remove('policies/p');
    one.ingest('h1', report(1n, [{ key: 1n, packets: 5n }]));
    expect(packetsOf(one)).toBe(5n);
  });

  it('takes no more entries than its limit, and says so', () => {
    const oddities: unknown[] = [];
    const one = new CounterLedger({
      rules: directory('a'),
      maxEntries: 1,
      onOddity: (oddity) => oddities.push(oddity),
    });
    one.ingest('h1', report(1n, [{ key: 1n, packets: 5n }]));
    one.ingest('h1', report(1n, [{ key: 1n, packets: 5n }], 'ns2'));
    expect(packetsOf(one)).toBe(5n);
    expect(oddities).toEqual([{ kind: 'full' }]);
  });

  it('neither loses nor doubles a count, whichever reports are lost, repeated or overtaken', () => {
    // A host counts; at times its binding begins anew (a new epoch); reports are taken at any time, each arrives late,
    // several times, or never, but the last of each epoch arrives.
    const step = fc.oneof(
      fc.record({
        do: fc.constant('count' as const),
        key: fc.constantFrom(1n, 2n),
        by: fc.bigInt({ min: 1n, max: 50n }),
      }),
      fc.record({
        do: fc.constant('report' as const),
        fate: fc.constantFrom('lost', 'now', 'twice', 'late'),
      }),
      fc.record({ do: fc.constant('rebind' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { ledger: one } = ledger();
        const counted = new Map([
          [1n, 0n],
          [2n, 0n],
        ]);
        let epoch = 1n;
        let live = new Map<bigint, bigint>();
        let late: BindingReport[] = [];
        const take = (): BindingReport =>
          report(
            epoch,
            [...live].map(([key, packets]) => ({ key, packets })),
          );
        for (const one_ of steps) {
          if (one_.do === 'count') {
            live.set(one_.key, (live.get(one_.key) ?? 0n) + one_.by);
            counted.set(one_.key, (counted.get(one_.key) ?? 0n) + one_.by);
          } else if (one_.do === 'rebind') {
            one.ingest('h1', take());
            for (const overtaken of late) one.ingest('h1', overtaken);
            late = [];
            epoch += 1n;
            live = new Map();
          } else {
            const taken = take();
            if (one_.fate === 'late') late.push(taken);
            if (one_.fate === 'now' || one_.fate === 'twice') one.ingest('h1', taken);
            if (one_.fate === 'twice') one.ingest('h1', taken);
          }
        }
        one.ingest('h1', take());
        for (const overtaken of late) one.ingest('h1', overtaken);
        expect([packetsOf(one, 'a'), packetsOf(one, 'b')]).toEqual([counted.get(1n), counted.get(2n)]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the rule directory', () => {
  it('forgets the rules that have been gone longest, and none that stands', () => {
    const rules = new RuleDirectory(
      (uid, ruleId) => BigInt(`0x${Buffer.from(uid + ruleId).toString('hex')}`),
      1,
    );
    const match = ANY_PACKET;
    const put = (...ids: string[]): void =>
      rules.put({
        name: 'policies/p',
        uid: 'u',
        rules: ids.map((id) => ({ id, comment: '', hook: 'input', match, action: { kind: 'count' } })),
      });
    put('a', 'b', 'c');
    put('a');
    const known = (id: string): boolean =>
      rules.find(BigInt(`0x${Buffer.from(`u${id}`).toString('hex')}`)) !== undefined;
    expect(['a', 'b', 'c'].map(known)).toEqual([true, false, true]);
    put('a', 'b');
    expect(['a', 'b', 'c'].map(known)).toEqual([true, true, true]);
  });
});
