import fc from 'fast-check';
import type { Realization, RealizationStatus } from '../model/host';
import { RealizationTable, type Tally } from './realization-table';

const POLICIES = ['policies/a', 'policies/b'];
const HOSTS = ['h1', 'h2'];
/** The empty one stands for the policy as a whole. */
const NAMESPACES = ['', 'ns1', 'ns2', 'ns3'];
const STATUSES: readonly RealizationStatus[] = [
  { state: 'pending' },
  { state: 'enforced', rulesetDigest: 'd' },
  { state: 'failed', reason: 'r' },
];

type Step = (table: RealizationTable, model: Model) => void;

/** The same, by going through everything. */
class Model {
  readonly entries = new Map<string, Realization>();
  readonly wanted = new Map<string, bigint>();
  readonly connected = new Set<string>();

  set(realization: Realization): void {
    const { policy, hostId, namespace, policyRevision } = realization;
    const wanted = this.#wanted(policy);
    const isTooNew = wanted > 0n && policyRevision > wanted;
    this.entries.set([policy, hostId, namespace].join(), {
      ...realization,
      policyRevision: isTooNew ? wanted : policyRevision,
    });
  }

  setWanted(policy: string, revision: bigint | undefined): void {
    this.wanted.set(policy, revision ?? 0n);
    for (const entry of [...this.entries.values()]) if (entry.policy === policy) this.set(entry);
  }

  deleteWhere(isOver: (entry: Realization) => boolean): void {
    for (const [key, entry] of this.entries) if (isOver(entry)) this.entries.delete(key);
  }

  tally(policy: string): Tally {
    const counted = [...this.entries.values()].filter(
      (entry) => entry.policy === policy && this.connected.has(entry.hostId),
    );
    const count = (standing: string): number =>
      counted.filter((entry) => this.#standing(entry) === standing).length;
    const acting = counted.filter(({ namespace }) => namespace !== '').map(({ hostId }) => hostId);
    return {
      enforced: count('enforced'),
      pending: count('pending'),
      failed: count('failed') + count('refusing'),
      refusing: count('refusing'),
      hosts: new Set(acting).size,
    };
  }

  isSettled(hostId: string): boolean {
    return [...this.entries.values()].every(
      (entry) =>
        entry.hostId !== hostId || !this.connected.has(hostId) || this.#standing(entry) === 'enforced',
    );
  }

  #standing({ namespace, policy, policyRevision, status }: Realization): string {
    if (namespace === '') return 'refusing';
    return policyRevision < this.#wanted(policy) ? 'pending' : status.state;
  }

  #wanted(policy: string): bigint {
    return this.wanted.get(policy) ?? 0n;
  }
}

const policy = fc.constantFrom(...POLICIES);
const hostId = fc.constantFrom(...HOSTS);
const namespace = fc.constantFrom(...NAMESPACES);
const revision = fc.bigInt({ min: 0n, max: 6n });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({
      ...{ policy, hostId, namespace, policyRevision: revision, status: fc.constantFrom(...STATUSES) },
      anticipated: fc.boolean(),
    })
    .map((realization): Step => (table, model) => {
      table.set(realization);
      model.set(realization);
    }),
  fc.tuple(policy, hostId, namespace).map((key): Step => (table, model) => {
    table.delete(key);
    model.deleteWhere((entry) => [entry.policy, entry.hostId, entry.namespace].join() === key.join());
  }),
  fc.tuple(policy, fc.option(revision, { nil: undefined })).map(([name, wanted]): Step => (table, model) => {
    table.setWanted(name, wanted);
    model.setWanted(name, wanted);
  }),
  fc.tuple(hostId, fc.boolean()).map(([host, isConnected]): Step => (table, model) => {
    table.setConnected(host, isConnected);
    if (isConnected) model.connected.add(host);
    else model.connected.delete(host);
  }),
  hostId.map((host): Step => (table, model) => {
    table.clearNamespaces(host);
    model.deleteWhere((entry) => entry.hostId === host && entry.namespace !== '');
  }),
  hostId.map((host): Step => (table, model) => {
    table.forget(host);
    model.connected.delete(host);
    model.deleteWhere((entry) => entry.hostId === host);
  }),
  fc.tuple(policy, hostId).map(([name, host]): Step => (table, model) => {
    table.deleteAnticipated(name, host);
    model.deleteWhere(
      (entry) => entry.policy === name && entry.hostId === host && entry.anticipated === true,
    );
  }),
);

function expectAlike(table: RealizationTable, model: Model): void {
  for (const name of POLICIES) expect(table.tally(name)).toEqual(model.tally(name));
  for (const host of HOSTS) {
    const own = [...model.entries.values()].filter((entry) => entry.hostId === host);
    expect(table.countOf(host)).toBe(own.length);
    expect(table.isSettled(host)).toBe(model.isSettled(host));
  }
  const byKey = (entry: Realization): string => [entry.policy, entry.hostId, entry.namespace].join();
  const sorted = [...model.entries.values()].sort((a, b) => (byKey(a) < byKey(b) ? -1 : 1));
  expect([...table.list({})]).toEqual(sorted);
}

describe('the table of realizations', () => {
  it('has the sums of its entries after any steps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [table, model] = [new RealizationTable(), new Model()];
        for (const take of steps) take(table, model);
        expectAlike(table, model);
      }),
      { numRuns: 500 },
    );
  });

  it('takes what is reported of a revision that is not wanted yet for the one that is', () => {
    const table = new RealizationTable();
    table.setConnected('h1', true);
    table.setWanted('policies/a', 3n);
    const entry = { policy: 'policies/a', hostId: 'h1', namespace: 'ns1', policyRevision: 9n };
    table.set({ ...entry, status: { state: 'enforced', rulesetDigest: 'd' } });
    expect(table.tally('policies/a')).toMatchObject({ enforced: 1, pending: 0 });
    table.setWanted('policies/a', 4n);
    expect(table.tally('policies/a')).toMatchObject({ enforced: 0, pending: 1 });
  });
});
