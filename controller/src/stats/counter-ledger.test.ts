import fc from 'fast-check';
import { ANY_PACKET } from '../model/match';
import type { Policy } from '../model/policy';
import { bindingReport } from './binding-report.testing';
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

const report = (epoch: bigint, counts: Count[], namespace = 'ns1'): BindingReport =>
  bindingReport(epoch, counts, { namespace });

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

  it('counts on where a counter of 64 bits begins anew', () => {
    const { ledger: one } = ledger();
    const top = 2n ** 64n;
    one.ingest('h1', report(1n, [{ key: 1n, packets: top - 3n }]));
    const before = packetsOf(one);
    one.ingest('h1', report(1n, [{ key: 1n, packets: 4n }]));
    one.ingest('h1', report(1n, [{ key: 1n, packets: top - 1n }]));
    expect(BigInt.asUintN(64, packetsOf(one) - before)).toBe(7n);
  });

  it('adds up what became of packets by hook, by the same rules', () => {
    const { ledger: one } = ledger();
    const traffic = (epoch: bigint, dropped: bigint): BindingReport =>
      bindingReport(epoch, [], {
        ...{ hooks: ['input'], accepted: [2n], dropped: [dropped], rejected: [1n] },
        ...{ shadowDropped: [0n], malformed: [0n] },
      });
    for (const dropped of [5n, 3n, 9n]) one.ingest('h1', traffic(1n, dropped));
    one.ingest('h1', traffic(2n, 1n));
    expect([...one.traffic()]).toEqual([
      {
        ...{ hostId: 'h1', namespace: 'ns1', hook: 'input' },
        total: { accepted: 4n, dropped: 10n, rejected: 2n, shadowDropped: 0n, malformed: 0n, defaulted: 0n },
      },
    ]);
  });

  describe('of packets that no rule decided', () => {
    const byDefault = (defaulted: bigint, policy: string, verdict: 'accept' | 'drop'): BindingReport =>
      bindingReport(1n, [], {
        ...{ hooks: ['input'], accepted: [0n], dropped: [defaulted], rejected: [0n], shadowDropped: [0n] },
        ...{ malformed: [0n], defaulted: [defaulted], defaults: [{ policy, verdict }] },
      });

    it('counts them for the policy that states the default verdict, beside its rules', () => {
      const { ledger: one } = ledger();
      one.ingest('h1', report(1n, [{ key: 1n, packets: 2n }]));
      one.ingest('h1', byDefault(5n, 'policies/p', 'drop'));
      one.ingest('h1', byDefault(4n, 'policies/p', 'drop'));
      one.ingest('h1', byDefault(9n, 'policies/p', 'accept'));
      expect([...one.entries()].map(({ ruleId, total }) => [ruleId, total.packets])).toEqual([
        ['a', 2n],
        ['(default drop)', 5n],
        ['(default accept)', 4n],
      ]);
      expect([...one.traffic()].map(({ total }) => total.defaulted)).toEqual([9n]);
    });

    it('names nobody where no policy, or none that stands, states it', () => {
      const { ledger: one } = ledger();
      one.ingest('h1', byDefault(5n, '', 'accept'));
      one.ingest('h1', byDefault(6n, 'policies/made-up', 'drop'));
      expect([...one.entries()]).toEqual([]);
      expect([...one.traffic()].map(({ total }) => total.defaulted)).toEqual([6n]);
    });
  });

  it('knows when a rule was hit last, by its own clock', () => {
    const rules = directory('a');
    const one = new CounterLedger({ rules, onOddity: () => undefined, now: () => 10_000 });
    one.ingest('h1', bindingReport(1n, [{ key: 1n, packets: 1n }], { idleMs: [4000n] }));
    one.ingest('h1', bindingReport(1n, [{ key: 1n, packets: 2n }], { idleMs: [7000n] }));
    expect([one.lastHit(0), rules.lastHit(1n)]).toEqual([6000, 6000]);
  });

  it('tells apart what was counted before it knew of an epoch', () => {
    const { ledger: one } = ledger();
    const old: boolean[] = [];
    one.observe('rule', ({ isOld }) => old.push(isOld));
    const whole = { whole: true };
    one.ingest('h1', report(1n, [{ key: 1n, packets: 5n }]), whole);
    one.ingest('h1', report(1n, [{ key: 2n, packets: 5n }]), whole);
    one.ingest('h1', report(1n, [{ key: 1n, packets: 6n }]));
    one.ingest('h1', report(2n, [{ key: 1n, packets: 1n }]));
    one.ingest('h1', report(2n, [{ key: 1n, packets: 2n }]), whole);
    expect(old).toEqual([true, true, false, false, false]);
  });

  it('takes at most 176 bytes of columns for a counter, however many there are', () => {
    const { ledger: one } = ledger(directory('a'));
    for (const entries of [1000, 20_000, 100_000]) {
      for (let i = one.size('rule'); i < entries; i++)
        one.ingest(`h${i % 100}`, report(1n, [{ key: 1n, packets: 1n }], `ns${i}`));
      expect(one.bytes / one.size('rule')).toBeLessThanOrEqual(176);
    }
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

  it('lists what stands, with its age and its last hit', () => {
    let now = 1000;
    const rules = new RuleDirectory(
      (_uid, ruleId) => KEYS[ruleId] ?? 99n,
      10,
      () => now,
    );
    const rule = (id: string): Policy['rules'][number] => ({
      ...{ id, comment: '', hook: 'input', match: ANY_PACKET, action: { kind: 'count' } },
    });
    const policy = { name: 'policies/p', uid: 'u', createTime: new Date(500) };
    rules.put({ ...policy, rules: [rule('a')] });
    now = 2000;
    rules.put({ ...policy, rules: [rule('a'), rule('b')] });
    rules.noteHit(1n, 1500);
    rules.noteHit(1n, 1400);
    expect([...rules.standing()]).toEqual([
      { policy: 'policies/p', ruleId: 'a', key: 1n, since: 500, lastHit: 1500 },
      { policy: 'policies/p', ruleId: 'b', key: 2n, since: 2000, lastHit: 0 },
    ]);
    expect(rules.takeFreshHits()).toEqual([[1n, 1500]]);
    expect(rules.takeFreshHits()).toEqual([]);
  });
});
