import fc from 'fast-check';
import { formatPrefix, parsePrefix, type IpPrefix } from './ip-prefix';
import { deltaSince, extendJournal, type SetContent } from './address-set';
import {
  countPrefixes,
  intersectPrefixes,
  mergePrefixes,
  NO_PREFIXES,
  packPrefixes,
  rankOf,
  slicePrefixes,
  subtractPrefixes,
  type PackedPrefixes,
} from './packed-prefixes';

/** Few enough that sets overlap. */
const prefix: fc.Arbitrary<IpPrefix> = fc
  .record({ v6: fc.boolean(), byte: fc.integer({ min: 0, max: 7 }), length: fc.constantFrom(8, 16, 32) })
  .map(({ v6, byte, length }) => ({
    address: Buffer.from([byte, ...Array<number>(v6 ? 15 : 3).fill(0)]),
    length,
  }));
const prefixes = fc.array(prefix, { maxLength: 30 });

const texts = (packed: PackedPrefixes): string[] => slicePrefixes(packed, 0, Infinity).map(formatPrefix);
const setOf = (list: readonly IpPrefix[]): Set<string> => new Set(list.map(formatPrefix));

describe('packed prefixes', () => {
  it('are in order of address, IPv4 first, none twice', () => {
    const given = ['::1', '10.0.0.0/16', '192.0.2.1', '10.0.0.0/8', '::1', '9.0.0.0/8'].map((text) => {
      const parsed = parsePrefix(text);
      if (!parsed.ok) throw new Error(text);
      return parsed.prefix;
    });
    expect(texts(packPrefixes(given))).toEqual([
      '9.0.0.0/8',
      '10.0.0.0/8',
      '10.0.0.0/16',
      '192.0.2.1/32',
      '::1/128',
    ]);
  });

  it('merge, subtract and intersect as sets do', () => {
    fc.assert(
      fc.property(prefixes, prefixes, (a, b) => {
        const [packedA, packedB] = [packPrefixes(a), packPrefixes(b)];
        const [setA, setB] = [setOf(a), setOf(b)];
        const sorted = (packed: PackedPrefixes): string[] => texts(packed).sort();
        expect(sorted(mergePrefixes(packedA, packedB))).toEqual([...new Set([...setA, ...setB])].sort());
        expect(sorted(subtractPrefixes(packedA, packedB))).toEqual(
          [...setA].filter((one) => !setB.has(one)).sort(),
        );
        expect(sorted(intersectPrefixes(packedA, packedB))).toEqual(
          [...setA].filter((one) => setB.has(one)).sort(),
        );
        expect(countPrefixes(packedA)).toBe(setA.size);
      }),
    );
  });

  it('are read page by page, from behind any prefix', () => {
    fc.assert(
      fc.property(prefixes, prefix, fc.integer({ min: 1, max: 5 }), (list, behind, limit) => {
        const packed = packPrefixes(list);
        const all = texts(packed);
        const read: string[] = [];
        for (let start = 0; start < all.length; start += limit) {
          read.push(...slicePrefixes(packed, start, limit).map(formatPrefix));
        }
        expect(read).toEqual(all);
        const rank = rankOf(packed, behind);
        const sorted = texts(packPrefixes([...list, behind]));
        expect(rank).toBe(
          sorted.indexOf(formatPrefix(behind)) + (setOf(list).has(formatPrefix(behind)) ? 1 : 0),
        );
      }),
    );
  });
});

describe('the journal of a set', () => {
  it('brings a holder of any revision that it knows to the members of now', () => {
    const change = fc.record({ add: prefixes, remove: prefixes });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        let content: SetContent = {
          name: 'addressSets/a',
          uid: 'u',
          revision: 0n,
          members: NO_PREFIXES,
          journal: [],
        };
        const states = [content];
        for (const { add, remove } of changes) {
          const removed = intersectPrefixes(content.members, packPrefixes(remove));
          const kept = subtractPrefixes(content.members, removed);
          const added = subtractPrefixes(packPrefixes(add), content.members);
          const delta = {
            fromRevision: content.revision,
            revision: content.revision + 1n,
            added,
            removed,
          };
          const journal = extendJournal(content.journal, delta);
          content = { ...content, revision: delta.revision, members: mergePrefixes(kept, added), journal };
          states.push(content);
        }
        for (const state of states.slice(0, -1)) {
          const delta = deltaSince(content, state.revision);
          if (delta === undefined) throw new Error('not known');
          const reached = mergePrefixes(subtractPrefixes(state.members, delta.removed), delta.added);
          expect(texts(reached)).toEqual(texts(content.members));
          expect(countPrefixes(intersectPrefixes(delta.added, state.members))).toBe(0);
        }
        expect(deltaSince(content, 99n)).toBeUndefined();
      }),
    );
  });
});
