/** What every driver of the store promises about the versions of address sets, and about transactions with sets in them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { formatPrefix, parsePrefix } from '../model/ip-prefix';
import { ANY_PACKET } from '../model/match';
import {
  countPrefixes,
  NO_PREFIXES,
  packPrefixes,
  slicePrefixes,
  type PackedPrefixes,
} from '../model/packed-prefixes';
import type { SetVersion } from './address-set-store';
import { NOTE, policy } from './policy.testing';
import type { PolicyStore, WriteRequest } from './policy-store';
import { SqlitePolicyStore } from './sqlite-policy-store';

const DRIVERS = [
  { name: 'SQLite', open: (folder: string): PolicyStore => new SqlitePolicyStore({ folder }) },
];
const NAME = 'addressSets/office';

const packed = (...texts: string[]): PackedPrefixes =>
  packPrefixes(
    texts.map((text) => {
      const parsed = parsePrefix(text);
      if (!parsed.ok) throw new Error(text);
      return parsed.prefix;
    }),
  );
const texts = (members: PackedPrefixes | undefined): string[] | undefined =>
  members && slicePrefixes(members, 0, countPrefixes(members)).map(formatPrefix);
const about = (
  name: string,
  description = '',
): { name: string; uid: string; description: string; labels: Map<string, string> } => ({
  name,
  uid: `${name}-1`,
  description,
  labels: new Map(),
});

describe.each(DRIVERS)('the $name store', ({ open }) => {
  let folder: string;
  let store: PolicyStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-sets-'));
    store = open(folder);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const create = (members: string[], reason = ''): Promise<unknown> =>
    store.addressSets.create({
      set: about(NAME),
      members: packed(...members),
      note: { author: 'a', reason },
    });
  const change = (what: { add?: string[]; remove?: string[]; description?: string }): Promise<unknown> =>
    store.addressSets.change({
      name: NAME,
      revision: undefined,
      add: packed(...(what.add ?? [])),
      remove: packed(...(what.remove ?? [])),
      ...(what.description !== undefined && { description: what.description }),
      note: NOTE,
    });
  const remove = (): Promise<unknown> =>
    store.addressSets.remove({ name: NAME, revision: undefined, note: NOTE });
  const membersAt = async (revision: bigint): Promise<string[] | undefined> =>
    texts(await store.addressSets.membersAt(NAME, revision));
  const tell = ({ revision, set, added, removed }: SetVersion): string =>
    `${revision}: +${added} -${removed} ${set === undefined ? 'gone' : `= ${set.memberCount}`}`;
  const history = async (): Promise<string[]> => (await store.addressSets.history({ name: NAME })).map(tell);

  describe('keeps versions of a set', () => {
    it('with what each change added and removed, also over a restart, a removal and a new beginning', async () => {
      await create(['10.0.0.0/8', '::1'], 'first');
      await change({ add: ['9.9.9.9', '10.0.0.0/8'], remove: ['::1'] });
      await change({ description: 'said' });
      await remove();
      await create(['192.0.2.1']);
      await store.close();
      store = open(folder);
      expect(await history()).toEqual([
        '5: +1 -0 = 1',
        '4: +0 -2 gone',
        '3: +0 -0 = 2',
        '2: +1 -1 = 2',
        '1: +2 -0 = 2',
      ]);
      expect((await store.addressSets.version(NAME, 1n))?.note).toEqual({ author: 'a', reason: 'first' });
      expect((await store.addressSets.version(NAME, 3n))?.set?.description).toBe('said');
      expect(await Promise.all([1n, 2n, 3n, 4n, 5n, 6n].map(membersAt))).toEqual([
        ['10.0.0.0/8', '::1/128'],
        ['9.9.9.9/32', '10.0.0.0/8'],
        ['9.9.9.9/32', '10.0.0.0/8'],
        [],
        ['192.0.2.1/32'],
        undefined,
      ]);
      const between = await store.addressSets.changesBetween(NAME, 5n, 1n);
      expect([texts(between?.added), texts(between?.removed)]).toEqual([
        ['10.0.0.0/8', '::1/128'],
        ['192.0.2.1/32'],
      ]);
    });

    it('of which the newest 256 are held, and the members through all that are forgotten', async () => {
      await create([]);
      for (let i = 0; i < 300; i++)
        await change(i % 2 === 0 ? { add: [`10.0.0.${i / 2}`] } : { description: `${i}` });
      expect(await history()).toHaveLength(256);
      expect(await membersAt(45n)).toBeUndefined();
      expect(await membersAt(46n)).toHaveLength(23);
      await store.close();
      store = open(folder);
      expect(texts((await store.addressSets.content(NAME))?.members)).toHaveLength(150);
      expect(await membersAt(46n)).toHaveLength(23);
    });

    it('that are what was stored, whatever was done to it', async () => {
      const member = fc.constantFrom('10.0.0.0/8', '10.0.0.1', '192.0.2.0/24', '::/0', '2001:db8::1');
      const step = fc.record({ add: fc.uniqueArray(member), remove: fc.uniqueArray(member), end: fc.nat(5) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const own = mkdtempSync(join(tmpdir(), 'nsgate-sets-'));
          store = await store.close().then(() => open(own));
          const stood = new Map<bigint, string[]>();
          for (const { add, remove: gone, end } of steps) {
            if ((await store.addressSets.get(NAME)) === undefined) await create(add);
            else if (end === 0) await remove();
            else await change({ add: add.filter((one) => !gone.includes(one)), remove: gone });
            const { revision } = await store.list({ limit: 0 });
            stood.set(revision, texts((await store.addressSets.content(NAME))?.members) ?? []);
          }
          store = await store.close().then(() => open(own));
          const versions = await store.addressSets.history({ name: NAME });
          expect(versions.map(({ revision }) => revision).reverse()).toEqual([...stood.keys()]);
          for (const [revision, members] of stood) {
            expect(await membersAt(revision)).toEqual(members);
            expect((await store.addressSets.version(NAME, revision))?.set?.memberCount ?? 0).toBe(
              members.length,
            );
          }
          await store.close();
          rmSync(own, { recursive: true });
          store = open(folder);
        }),
        { numRuns: 40 },
      );
    });
  });

  describe('writes sets and policies as one', () => {
    const naming = policy('naming', {
      rules: [
        {
          id: 'r',
          comment: '',
          hook: 'input',
          match: { ...ANY_PACKET, sourceSets: [NAME] },
          action: 'drop',
          shadow: false,
        } as never,
      ],
    });
    const makeSet: WriteRequest = {
      kind: 'set-create',
      set: about(NAME),
      members: packed('::1'),
      note: NOTE,
    };
    const makePolicy: WriteRequest = { kind: 'put', policy: naming, expect: { kind: 'absent' }, note: NOTE };
    const dropSet: WriteRequest = { kind: 'set-remove', name: NAME, revision: undefined, note: NOTE };

    it('and tells of them in their order', async () => {
      const watch = store.watch({ kinds: ['policy', 'address-set'] });
      expect(await store.write([makeSet, makePolicy])).toMatchObject({ outcome: 'stored', revision: 2n });
      const told: string[] = [];
      for await (const event of watch) {
        told.push(event.kind);
        if (told.length === 3) break;
      }
      expect(told).toEqual(['in-sync', 'set-put', 'put']);
    });

    it.each<[string, WriteRequest[], object]>([
      ['a policy whose set comes behind it', [makePolicy, makeSet], { outcome: 'no-such-set', index: 0 }],
      ['a set that a policy names', [makeSet, makePolicy, dropSet], { outcome: 'in-use', index: 2 }],
      ['a set that is there already', [makeSet, makeSet], { outcome: 'set-conflict', index: 1 }],
    ])('or nothing of it, for %s', async (_what, requests, refusal) => {
      expect(await store.write(requests)).toMatchObject(refusal);
      expect(await store.addressSets.list()).toEqual({ revision: 0n, sets: [] });
      expect(await store.addressSets.content(NAME)).toBeUndefined();
    });

    it('and leaves everything alone when it only tries', async () => {
      expect(await store.write([makeSet, makePolicy], { dryRun: true })).toMatchObject({ outcome: 'stored' });
      expect(await store.addressSets.list()).toEqual({ revision: 0n, sets: [] });
      expect(await store.get(naming.name)).toBeUndefined();
      await store.addressSets.create({ set: about(NAME), members: NO_PREFIXES, note: NOTE });
      expect(await store.write([dropSet], { dryRun: true })).toMatchObject({ outcome: 'stored' });
      expect(await store.addressSets.get(NAME)).toBeDefined();
    });
  });
});
