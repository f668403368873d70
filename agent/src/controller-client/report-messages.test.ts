import { Action as WireAction, ConnectRequest, Hook as WireHook, RealizationState } from '@nsgate/proto';
import fc from 'fast-check';
import { Action, Hook } from '../kernel-device';
import type { NamespaceStatus, Realization, Standing } from '../reconcile/reality';
import { namespaceReports, realizationReports, statsReports } from './report-messages';

const standing: fc.Arbitrary<Standing> = fc.oneof(
  fc.constant({ state: 'pending' as const }),
  fc.constantFrom('aa', 'bb').map((digest) => ({ state: 'enforced' as const, digest })),
  fc.constantFrom('no', 'never').map((reason) => ({ state: 'failed' as const, reason })),
);

const realizations = fc
  .uniqueArray(
    fc.tuple(fc.constantFrom('p', 'q'), fc.constantFrom('x', 'y', 'z'), fc.bigInt(1n, 2n), standing),
    {
      selector: ([policy, namespace]) => `${policy} ${namespace}`,
    },
  )
  .map(
    (all) =>
      new Map(
        all.map(([policy, namespace, revision, where]): [string, Realization] => [
          `${policy} ${namespace}`,
          { policy, namespace, revision, standing: where },
        ]),
      ),
  );

const status: fc.Arbitrary<NamespaceStatus> = fc
  .tuple(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: 1, max: 3 }), fc.boolean())
  .map(([name, inode, isKnown]) => ({
    entry: { state: 'ready', name, inode },
    kernel: isKnown ? { birth: BigInt(inode), cookie: 0n, digest: undefined } : undefined,
  }));

const namespaces = fc
  .uniqueArray(status, { selector: ({ entry }) => entry.name })
  .map((all) => new Map(all.map((one) => [one.entry.name, one])));

/** What a controller knows after these messages, as it would keep it. */
function known(messages: ConnectRequest[]): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const { message } of messages.map((one) =>
    ConnectRequest.decode(ConnectRequest.encode(one).finish()),
  )) {
    if (message?.$case === 'realizations') {
      if (message.value.snapshot) entries.clear();
      for (const { policy, namespace, ...rest } of message.value.realizations) {
        if (rest.state === RealizationState.REALIZATION_STATE_ABSENT)
          entries.delete(`${policy} ${namespace}`);
        else entries.set(`${policy} ${namespace}`, rest);
      }
    } else if (message?.$case === 'namespaces') {
      if (message.value.snapshot) entries.clear();
      for (const { name, ...rest } of message.value.namespaces) entries.set(name, rest);
      for (const name of message.value.removed) entries.delete(name);
    }
  }
  return entries;
}

describe('reports to the controller', () => {
  it('of changes bring it to what a whole report would', () => {
    fc.assert(
      fc.property(realizations, realizations, (before, after) => {
        const told = [...realizationReports(undefined, before), ...realizationReports(before, after)];
        expect(known(told)).toEqual(known(realizationReports(undefined, after)));
      }),
    );
    fc.assert(
      fc.property(namespaces, namespaces, (before, after) => {
        const told = [...namespaceReports(undefined, before), ...namespaceReports(before, after)];
        expect(known(told)).toEqual(known(namespaceReports(undefined, after)));
      }),
    );
  });

  it('say nothing where nothing changed', () => {
    fc.assert(
      fc.property(realizations, namespaces, (where, which) => {
        expect(realizationReports(where, new Map(where))).toEqual([]);
        expect(namespaceReports(which, new Map(which))).toEqual([]);
      }),
    );
  });

  it('make a controller forget what an earlier stream told, even when there is nothing to tell', () => {
    expect(realizationReports(undefined, new Map())).toEqual([
      { message: { $case: 'realizations', value: { snapshot: true, realizations: [] } } },
    ]);
    expect(namespaceReports(undefined, new Map())).toHaveLength(1);
  });

  it('stay below the size of a message, of which only the first is the snapshot', () => {
    const many = new Map(
      Array.from({ length: 2500 }, (_, i): [string, Realization] => [
        String(i),
        {
          policy: `policies/${'p'.repeat(60)}`,
          namespace: `n${i}`,
          revision: 1n,
          standing: { state: 'pending' },
        },
      ]),
    );
    const messages = realizationReports(undefined, many);
    expect(messages).toHaveLength(3);
    expect(known(messages).size).toBe(2500);
    for (const message of messages)
      expect(ConnectRequest.encode(message).finish().length).toBeLessThan(1 << 20);
  });
});

describe('reports of counters', () => {
  const counters = (id: bigint) => ({
    id,
    packets: id,
    bytes: id * 10n,
    shadowPackets: 0n,
    lastHit: 0n,
    idleMs: id,
  });
  const totals = {
    ...{ seen: 6n, accepted: 3n, dropped: 2n, rejected: 1n, malformed: 4n, shadow: 5n },
    defaulted: 2n,
  };
  const byDefault = { policy: 'policies/p', verdict: Action.DROP } as const;
  const silent = { whole: false, health: undefined };

  it('put the counters of a binding in columns', () => {
    const hooks = [
      { hook: Hook.FORWARD, totals, byDefault },
      { hook: Hook.OUTPUT, totals, byDefault: undefined },
    ];
    const sample = { namespace: 'ns1', epoch: 9n, rules: [counters(1n), counters(2n)], hooks };
    expect(statsReports([sample], { whole: true, health: undefined })).toEqual([
      {
        message: {
          $case: 'stats',
          value: {
            bindings: [
              {
                namespace: 'ns1',
                epoch: 9n,
                ruleKeys: [1n, 2n],
                packets: [1n, 2n],
                bytes: [10n, 20n],
                shadowPackets: [0n, 0n],
                idleMs: [1n, 2n],
                hooks: [WireHook.HOOK_FORWARD, WireHook.HOOK_OUTPUT],
                accepted: [3n, 3n],
                dropped: [2n, 2n],
                rejected: [1n, 1n],
                shadowDropped: [5n, 5n],
                malformed: [4n, 4n],
                defaulted: [2n, 2n],
                defaultVerdicts: [WireAction.ACTION_DROP, WireAction.ACTION_ACCEPT],
                defaultPolicies: ['policies/p', ''],
              },
            ],
            whole: true,
            health: undefined,
          },
        },
      },
    ]);
  });

  it('are split where there are many, and tell all of them', () => {
    const sample = fc.record({
      namespace: fc.constantFrom('a', 'b'),
      epoch: fc.constant(1n),
      hooks: fc.constantFrom([], [{ hook: Hook.INPUT, totals, byDefault: undefined }]),
      rules: fc
        .integer({ min: 1, max: 2500 })
        .map((n) => Array.from({ length: n }, (_, i) => counters(BigInt(i + 1)))),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 5 }), (samples) => {
        const rows = statsReports(samples, silent).map(({ message }) =>
          message?.$case === 'stats' ? message.value.bindings.flatMap(({ ruleKeys }) => ruleKeys).length : 0,
        );
        expect(Math.max(0, ...rows)).toBeLessThanOrEqual(1000);
        expect(rows.reduce((a, b) => a + b, 0)).toBe(samples.reduce((n, { rules }) => n + rules.length, 0));
      }),
      { numRuns: 30 },
    );
  });
});
