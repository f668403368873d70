/** What every driver of the policy store promises. A new driver joins the table. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ANY_PACKET } from '../model/match';
import { NO_PREFIXES } from '../model/packed-prefixes';
import type { Policy, PolicyOrigin, PolicySpec } from '../model/policy';
import { NOTE, policy } from './policy.testing';
import {
  WatchEnded,
  type Expectation,
  type PolicyStore,
  type PolicyWatch,
  type PutResult,
  type WatchEvent,
} from './policy-store';
import { SqlitePolicyStore } from './sqlite-policy-store';

interface Driver {
  readonly name: string;
  /** Opens the store that is kept in the folder, or makes it. */
  readonly open: (folder: string, options?: { keepChanges?: number; keepVersions?: number }) => PolicyStore;
}

const DRIVERS: Driver[] = [
  { name: 'SQLite', open: (folder, options) => new SqlitePolicyStore({ folder, ...options }) },
];

describe.each(DRIVERS)('the $name policy store', ({ open }) => {
  let folder: string;
  let store: PolicyStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-store-'));
    store = open(folder);
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const put = (
    wanted: PolicySpec & PolicyOrigin,
    expect: Expectation = { kind: 'absent' },
  ): Promise<PutResult> => store.put({ policy: wanted, expect, note: NOTE });
  const mustPut = async (...args: Parameters<typeof put>): Promise<Policy> => {
    const result = await put(...args);
    if (result.outcome !== 'stored') throw new Error('conflict');
    return result.policy;
  };
  const mustRemove = async ({ name, revision }: Policy): Promise<bigint> => {
    const result = await store.remove({ name, revision, note: NOTE });
    if (result.outcome !== 'removed') throw new Error('conflict');
    return result.revision;
  };

  describe('keeps policies', () => {
    it('and gives back exactly what was stored', async () => {
      const full = policy('full', {
        description: 'ünï "quoted" \0 \u{1F600}',
        labels: new Map([
          ['a', '1'],
          ['constructor', ''],
        ]),
        hostSelector: { requirements: [{ operator: 'in', key: 'role', values: ['a', 'b'] }] },
        rules: [
          {
            id: 'r',
            comment: 'why',
            hook: 'input',
            match: {
              ...ANY_PACKET,
              sources: ['10.0.0.0/8'],
              protocol: 'tcp',
              destinationPorts: ['1-2'],
              tcpFlags: [{ set: ['syn'], unset: ['ack'] }],
            },
            action: { kind: 'reject', shadow: true },
          },
        ],
        defaultVerdicts: [{ hook: 'output', verdict: 'drop' }],
      });
      const stored = await mustPut(full);
      expect(stored).toEqual({ ...full, revision: 1n });
      expect(await store.get(full.name)).toStrictEqual(stored);
    });

    it('and gives none where none is', async () => {
      expect(await store.get('policies/none')).toBeUndefined();
      expect(await store.list()).toEqual({ revision: 0n, policies: [], more: false });
    });

    it('and lists them in order of name, a page at a time', async () => {
      for (const id of ['c', 'a-b', 'b', 'a']) await mustPut(policy(id));
      const names = async (request: Parameters<PolicyStore['list']>[0]): Promise<unknown> => {
        const { policies, more } = await store.list(request);
        return [...policies.map(({ name }) => name.slice('policies/'.length)), more];
      };
      expect(await names({})).toEqual(['a', 'a-b', 'b', 'c', false]);
      expect(await names({ limit: 2 })).toEqual(['a', 'a-b', true]);
      expect(await names({ after: { value: 0, name: 'policies/a-b' }, limit: 2 })).toEqual(['b', 'c', false]);
      expect(await names({ maxBytes: 1 })).toEqual(['a', true]);
    });

    it('over a restart, with the revision that it had', async () => {
      const stored = await mustPut(policy('a'));
      await mustRemove(await mustPut(policy('b')));
      await store.close();
      store = open(folder);
      expect(await store.list()).toEqual({ revision: 3n, policies: [stored], more: false });
      expect((await mustPut(policy('c'))).revision).toBe(4n);
    });

    it('and lists those that are wanted, in any order, from behind any of them', async () => {
      const labels = new Map([['team', 'web']]);
      await mustPut(policy('a', { priority: 5, labels }));
      await mustPut(policy('b', { priority: -5, tier: 'baseline', labels }));
      await mustPut(policy('c', { priority: 7, labels }));
      await mustPut(policy('d', { priority: 5 }));
      const names = async (request: Parameters<PolicyStore['list']>[0]): Promise<string> =>
        (await store.list(request)).policies.map(({ name }) => name.slice('policies/'.length)).join('');
      expect(await names({ order: { by: 'priority', descending: false } })).toBe('adcb');
      expect(await names({ order: { by: 'revision', descending: true } })).toBe('dcba');
      expect(await names({ where: (head) => head.labels.has('team') })).toBe('abc');
      const behind = { value: 40_005, name: 'policies/a' };
      expect(await names({ order: { by: 'priority', descending: false }, after: behind, limit: 2 })).toBe(
        'dc',
      );
    });

    it('holds the newest versions only', async () => {
      await store.close();
      store = open(folder, { keepVersions: 3, keepChanges: 6 });
      let { revision } = await mustPut(policy('a'));
      for (const priority of [1, 2, 3]) {
        ({ revision } = await mustPut(policy('a', { priority }), { kind: 'revision', revision }));
      }
      expect((await store.history({ name: 'policies/a' })).map((one) => one.revision)).toEqual([4n, 3n, 2n]);
      await mustRemove((await store.get('policies/a'))!);
      expect(await store.history({ name: 'policies/a' })).toHaveLength(4);
      for (const id of ['b', 'c', 'd', 'e', 'f', 'g']) await mustPut(policy(id));
      expect(await store.history({ name: 'policies/a' })).toEqual([]);
    });

    it('and every version of each, newest first, also when it is gone', async () => {
      const first = await mustPut(policy('a'));
      const second = await mustPut(policy('a', { priority: 1 }), {
        kind: 'revision',
        revision: first.revision,
      });
      const removed = await mustRemove(second);
      const time = expect.any(Date) as Date;
      expect(await store.history({ name: 'policies/a' })).toEqual([
        { revision: removed, policy: undefined, note: NOTE, time },
        { revision: 2n, policy: second, note: NOTE, time },
        { revision: 1n, policy: first, note: NOTE, time },
      ]);
      expect(await store.history({ name: 'policies/a', before: removed, limit: 1 })).toMatchObject([
        { revision: 2n },
      ]);
      expect(await store.version('policies/a', 1n)).toMatchObject({ policy: first });
      expect(await store.version('policies/a', removed)).toMatchObject({ policy: undefined });
      expect(await store.version('policies/b', 1n)).toBeUndefined();
    });
  });

  describe('writes only what is expected', () => {
    it('and else tells what stands there, and changes nothing', async () => {
      const stored = await mustPut(policy('a'));
      expect(await put(policy('a', { priority: 5 }))).toMatchObject({ outcome: 'conflict', current: stored });
      expect(await put(policy('a'), { kind: 'revision', revision: 7n })).toMatchObject({
        outcome: 'conflict',
        current: stored,
      });
      expect(await put(policy('b'), { kind: 'revision', revision: 1n })).toMatchObject({
        outcome: 'conflict',
        current: undefined,
      });
      const stale = { name: stored.name, revision: 7n, note: NOTE };
      expect(await store.remove(stale)).toMatchObject({ outcome: 'conflict', current: stored });
      expect(await store.remove({ ...stale, name: 'policies/b' })).toMatchObject({
        outcome: 'conflict',
        current: undefined,
      });
      expect(await store.list()).toEqual({ revision: 1n, policies: [stored], more: false });
    });

    it('does all changes of a transaction, in order, or none', async () => {
      const [a, b] = [await mustPut(policy('a')), await mustPut(policy('b'))];
      const change = { kind: 'put', policy: policy('a', { priority: 1 }), note: NOTE } as const;
      const drop = { kind: 'remove', name: b.name, revision: b.revision, note: NOTE } as const;
      const stale = await store.write([
        { ...change, expect: { kind: 'revision', revision: a.revision } },
        { ...drop, revision: 99n },
      ]);
      expect(stale).toEqual({ outcome: 'conflict', index: 1, current: b });
      expect(await store.list()).toMatchObject({ revision: 2n, policies: [a, b] });
      const done = await store.write([
        { ...change, expect: { kind: 'revision', revision: a.revision } },
        drop,
        { kind: 'put', policy: policy('c'), expect: { kind: 'absent' }, note: NOTE },
      ]);
      expect(done).toMatchObject({
        outcome: 'stored',
        revision: 5n,
        changes: [{ revision: 3n }, { kind: 'removed', revision: 4n }, { revision: 5n }],
      });
    });

    it('and stores no policy that names a set that is not there', async () => {
      const rule = { id: 'r', comment: '', hook: 'input', action: { kind: 'accept' } } as const;
      const naming = policy('a', {
        rules: [{ ...rule, match: { ...ANY_PACKET, notSourceSets: ['addressSets/office'] } }],
      });
      expect(await put(naming)).toMatchObject({ outcome: 'no-such-set', set: 'addressSets/office' });
      const set = {
        name: 'addressSets/office',
        uid: 'u',
        description: '',
        labels: new Map<string, string>(),
      };
      await store.addressSets.create({ set, members: NO_PREFIXES, note: NOTE });
      const stored = await mustPut(naming);
      const gone = (): unknown =>
        store.addressSets.remove({ name: set.name, revision: undefined, note: NOTE });
      expect(await gone()).toEqual({ outcome: 'in-use', policies: ['policies/a'] });
      await mustRemove(stored);
      expect(await gone()).toMatchObject({ outcome: 'removed' });
    });

    it('lets one of many writers of the same revision win', async () => {
      const { revision } = await mustPut(policy('a'));
      const results = await Promise.all(
        [1, 2, 3, 4].map((priority) => put(policy('a', { priority }), { kind: 'revision', revision })),
      );
      expect(results.filter(({ outcome }) => outcome === 'stored')).toHaveLength(1);
    });
  });

  describe('a watch', () => {
    const tell = (event: WatchEvent): string => {
      switch (event.kind) {
        case 'in-sync':
          return `in-sync@${event.revision}`;
        case 'removed':
          return `-${event.name.slice('policies/'.length)}@${event.revision}`;
        case 'put':
        case 'snapshot':
          return `${event.kind} ${event.policy.name.slice('policies/'.length)}@${event.policy.revision}`;
        case 'set-put':
        case 'set-snapshot':
          return `${event.kind} ${event.set.name.slice('addressSets/'.length)}@${event.set.revision}`;
        case 'set-removed':
          return `-${event.name}@${event.revision}`;
      }
    };
    const read = async (watch: PolicyWatch, count: number): Promise<string[]> => {
      const told: string[] = [];
      if (count === 0) return told;
      for await (const event of watch) {
        told.push(tell(event));
        if (told.length === count) break;
      }
      return told;
    };
    const untilInSync = async (watch: PolicyWatch): Promise<string[]> => {
      const told: string[] = [];
      for await (const event of watch) {
        told.push(tell(event));
        if (event.kind === 'in-sync') break;
      }
      return told;
    };

    it('tells what stands, then that it is in sync, then each change', async () => {
      await mustPut(policy('b'));
      const a = await mustPut(policy('a'));
      const watch = store.watch();
      const told = read(watch, 6);
      const changed = await mustPut(policy('a', { priority: 1 }), { kind: 'revision', revision: a.revision });
      await mustPut(policy('c'));
      await mustRemove(changed);
      expect(await told).toEqual(['snapshot a@2', 'snapshot b@1', 'in-sync@2', 'put a@3', 'put c@4', '-a@5']);
    });

    it('resumes with the last change of each policy that changed since, removals included', async () => {
      const a = await mustPut(policy('a'));
      const b = await mustPut(policy('b'));
      await mustPut(policy('c'));
      await mustPut(policy('a', { priority: 1 }), { kind: 'revision', revision: a.revision });
      await mustRemove(b);
      expect(await untilInSync(store.watch({ afterRevision: 2n }))).toEqual([
        'put c@3',
        'put a@4',
        '-b@5',
        'in-sync@5',
      ]);
      expect(await untilInSync(store.watch({ afterRevision: 5n }))).toEqual(['in-sync@5']);
    });

    it('resumes over a restart of the store', async () => {
      await mustPut(policy('a'));
      await mustPut(policy('b'));
      await store.close();
      store = open(folder);
      expect(await untilInSync(store.watch({ afterRevision: 1n }))).toEqual(['put b@2', 'in-sync@2']);
    });

    it('cannot resume from a revision that is not held any more, or not yet', async () => {
      await store.close();
      store = open(folder, { keepChanges: 2 });
      for (const id of ['a', 'b', 'c', 'd']) await mustPut(policy(id));
      await expect(untilInSync(store.watch({ afterRevision: 1n }))).rejects.toMatchObject({
        why: 'compacted',
      });
      await expect(untilInSync(store.watch({ afterRevision: 5n }))).rejects.toMatchObject({
        why: 'compacted',
      });
      expect(await untilInSync(store.watch({ afterRevision: 2n }))).toEqual([
        'put c@3',
        'put d@4',
        'in-sync@4',
      ]);
    });

    it('that reads too slowly is ended, and says so', async () => {
      const watch = store.watch({ queueLimit: 2 });
      for (const id of ['a', 'b', 'c']) await mustPut(policy(id));
      await expect(untilInSync(watch)).rejects.toEqual(new WatchEnded('too-slow'));
    });

    it('ends when it is closed, and when the store is', async () => {
      const closed = store.watch();
      closed.close();
      expect(await read(closed, 1)).toEqual([]);
      const open_ = untilInSync(store.watch()).then(() => 'in sync');
      expect(await open_).toBe('in sync');
      const waiting = read(store.watch(), 2);
      await store.close();
      await expect(waiting).rejects.toMatchObject({ why: 'store-closed' });
      store = open(folder);
    });

    it('brings its watcher to what stands in the store, from any revision and through any changes', async () => {
      const change = fc.record({ id: fc.constantFrom('a', 'b', 'c'), remove: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(
          fc.array(change, { maxLength: 8 }),
          fc.array(change, { maxLength: 8 }),
          async (before, after) => {
            const own = mkdtempSync(join(tmpdir(), 'nsgate-store-'));
            const fresh = open(own);
            const apply = async (changes: typeof before): Promise<void> => {
              for (const { id, remove } of changes) {
                const current = await fresh.get(`policies/${id}`);
                if (remove && current)
                  await fresh.remove({ name: current.name, revision: current.revision, note: NOTE });
                const expect: Expectation = current
                  ? { kind: 'revision', revision: current.revision }
                  : { kind: 'absent' };
                if (!remove) await fresh.put({ policy: policy(id), expect, note: NOTE });
              }
            };
            const known = new Map<string, bigint>();
            const follow = async (watch: PolicyWatch): Promise<bigint> => {
              for await (const event of watch) {
                if (event.kind === 'in-sync') return event.revision;
                if (event.kind === 'removed') known.delete(event.name);
                else if (event.kind === 'put' || event.kind === 'snapshot')
                  known.set(event.policy.name, event.policy.revision);
              }
              throw new Error('ended');
            };
            await apply(before);
            const revision = await follow(fresh.watch());
            await apply(after);
            await follow(fresh.watch({ afterRevision: revision }));
            const { policies } = await fresh.list();
            await fresh.close();
            rmSync(own, { recursive: true });
            expect([...known].sort()).toEqual(policies.map(({ name, revision: at }) => [name, at]).sort());
          },
        ),
        { numRuns: 25 },
      );
    });
  });
});
