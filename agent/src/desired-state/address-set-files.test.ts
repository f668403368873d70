import fc from 'fast-check';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeFrom, changeSet, kernelSetVersion, type AddressSet, type SetChange } from './address-set';
import { AddressSetFiles, type LoadedSets } from './address-set-files';
import { NO_MEMBERS } from './packed-members';

const NAME = 'addressSets/blocked';

/** 10.x.y.z/32 for each number. */
function hosts(...numbers: number[]): Uint8Array {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  return Buffer.concat(sorted.map((n) => Buffer.from([10, n >> 16, (n >> 8) & 255, n & 255, 32])));
}

function setOf(revision: bigint, ...numbers: number[]): AddressSet {
  return {
    name: NAME,
    uid: 'u',
    revision,
    members: { v4: hosts(...numbers), v6: NO_MEMBERS.v6 },
    changes: [],
  };
}

function change(from: bigint, add: number[], remove: number[] = []): SetChange {
  const members = (numbers: number[]) => ({ v4: hosts(...numbers), v6: NO_MEMBERS.v6 });
  return { from, revision: from + 1n, add: members(add), remove: members(remove) };
}

describe('address sets on disk', () => {
  let folder: string;
  let files: AddressSetFiles;
  const path = (suffix: string): string => join(folder, 'address-sets', `blocked${suffix}`);

  /** What another agent process would find. */
  const load = (): LoadedSets => new AddressSetFiles(folder).load();
  const membersOf = ({ sets }: LoadedSets): string | undefined =>
    sets[0] && Buffer.from(sets[0].members.v4).toString('hex');

  async function apply(set: AddressSet, one: SetChange): Promise<AddressSet> {
    const changed = changeSet(set, one);
    await files.saveChange(changed, one);
    return changed;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-sets-'));
    files = new AddressSetFiles(folder);
    files.load();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are found again as they were saved and changed', async () => {
    const set = setOf(1n, 1, 2, 3);
    await files.save(set);
    await apply(await apply(set, change(1n, [9], [2])), change(2n, [4]));
    const loaded = load();
    expect(loaded.unusable).toEqual([]);
    expect(loaded.sets).toMatchObject([{ name: NAME, uid: 'u', revision: 3n }]);
    expect(membersOf(loaded)).toBe(Buffer.from(hosts(1, 3, 4, 9)).toString('hex'));
  });

  it('take no more for a change than the change, however large they are', async () => {
    const v4 = Buffer.concat(Array.from({ length: 200_000 }, (_, n) => hosts(n)));
    const set = { ...setOf(1n), members: { ...NO_MEMBERS, v4 } };
    await files.save(set);
    const before = statSync(path('.set'));
    await apply(set, change(1n, [300_000], [5]));
    expect(statSync(path('.set'))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(statSync(path('.changes')).size).toBeLessThan(500);
    expect(load().sets[0]?.members.v4.length).toBe(1_000_000);
  });

  it('are written anew once the changes outweigh half of them', async () => {
    let set = setOf(1n, 1);
    await files.save(set);
    const many = Array.from({ length: 5000 }, (_, n) => n);
    for (let round = 0; round < 8; round++) set = await apply(set, change(BigInt(round + 1), many));
    expect(statSync(path('.set')).size).toBeGreaterThan(20_000);
    expect(statSync(path('.changes')).size).toBeLessThan(70_000);
    expect(load().sets).toMatchObject([{ revision: 9n }]);
  });

  it('are gone once they are removed', async () => {
    await apply(setOf(1n, 1), change(1n, [2])).catch(() => undefined);
    await files.save(setOf(1n, 1));
    await files.remove(NAME);
    expect(load()).toEqual({ sets: [], unusable: [] });
  });

  it('are as they were acknowledged after a crash at any point of a change', async () => {
    const set = await apply(await saved(setOf(1n, 1, 2)), change(1n, [3]));
    const acknowledged = readFileSync(path('.changes'));
    await apply(set, change(2n, [4], [1]));
    const whole = readFileSync(path('.changes'));
    fc.assert(
      fc.property(fc.integer({ min: acknowledged.length, max: whole.length - 1 }), (length) => {
        writeFileSync(path('.changes'), whole.subarray(0, length));
        const loaded = load();
        expect(loaded.unusable).toEqual([]);
        expect(membersOf(loaded)).toBe(Buffer.from(hosts(1, 2, 3)).toString('hex'));
      }),
    );
  });

  it('can be changed again after a change that was cut short', async () => {
    const set = await apply(await saved(setOf(1n, 1)), change(1n, [2]));
    appendFileSync(path('.changes'), Buffer.alloc(20, 7));
    files = new AddressSetFiles(folder);
    files.load();
    await apply(set, change(2n, [3]));
    expect(membersOf(load())).toBe(Buffer.from(hosts(1, 2, 3)).toString('hex'));
  });

  it('pass over changes from before they were written whole', async () => {
    const set = await apply(await saved(setOf(1n, 1)), change(1n, [2]));
    const old = readFileSync(path('.changes'));
    await files.save(set);
    writeFileSync(path('.changes'), old);
    expect(load()).toMatchObject({ sets: [{ revision: 2n }], unusable: [] });
  });

  it.each<[string, () => void]>([
    ['cut short', () => truncateSync(path('.set'), statSync(path('.set')).size - 1)],
    ['altered', () => alter(path('.set'), -1)],
    ['altered in what changed', () => alter(path('.changes'), -1)],
    ['empty', () => writeFileSync(path('.set'), '')],
    ['of a newer version', () => replaceIn(path('.set'), '"version":1', '"version":2')],
    ['another one', () => replaceIn(path('.set'), 'addressSets/blocked', 'addressSets/nothing')],
  ])('are not held, and that is told, when a file is %s', async (_what, damage) => {
    await apply(await saved(setOf(1n, 1, 2)), change(1n, [3]));
    damage();
    const loaded = load();
    expect(loaded.sets).toEqual([]);
    expect(loaded.unusable).toMatchObject([{ file: path('.set') }]);
  });

  async function saved(set: AddressSet): Promise<AddressSet> {
    await files.save(set);
    return set;
  }
});

describe('the way of an address set from a version that the kernel holds', () => {
  const versionAt = (revision: bigint): bigint => kernelSetVersion({ uid: 'u', revision });

  it('is the merger of the changes since', () => {
    const set = changeSet(changeSet(setOf(1n, 1), change(1n, [2, 3])), change(2n, [4], [2]));
    const way = changeFrom(set, versionAt(1n));
    expect(way && Buffer.from(way.add.v4)).toEqual(Buffer.from(hosts(3, 4)));
    expect(way && Buffer.from(way.remove.v4)).toEqual(Buffer.from(hosts(2)));
    expect(Buffer.from(changeFrom(set, versionAt(2n))?.add.v4 ?? [])).toEqual(Buffer.from(hosts(4)));
  });

  it('is not known from one that was forgotten, or of another set of that name', () => {
    let set = setOf(1n, 1);
    for (let n = 1n; n < 80n; n++) set = changeSet(set, change(n, [Number(n)]));
    expect(changeFrom(set, versionAt(1n))).toBeUndefined();
    expect(changeFrom(set, versionAt(70n))).toBeDefined();
    expect(changeFrom(set, kernelSetVersion({ uid: 'other', revision: 70n }))).toBeUndefined();
  });
});

function alter(path: string, at: number): void {
  const content = readFileSync(path);
  content[content.length + at]! ^= 1;
  writeFileSync(path, content);
}

function replaceIn(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, 'latin1').replace(from, to), 'latin1');
}
