import fc from 'fast-check';
import {
  changeMembers,
  faultOfMembers,
  mergeChanges,
  MEMBER_SIZE,
  type MemberChange,
} from './packed-members';

/** Of a few, so that changes meet members that are there. */
const member4 = fc.constantFrom(
  ...Array.from({ length: 12 }, (_, n) => `0a0000${n.toString(16).padStart(2, '0')}20`),
);
const member6 = fc.constantFrom(...Array.from({ length: 5 }, (_, n) => `20010db8${'00'.repeat(11)}0${n}80`));

function pack(members: Iterable<string>): Uint8Array {
  return Buffer.from([...new Set(members)].sort().join(''), 'hex');
}

const set = fc
  .record({ v4: fc.array(member4), v6: fc.array(member6) })
  .map(({ v4, v6 }) => ({ v4: pack(v4), v6: pack(v6) }));

/** No member in both lists. */
const change: fc.Arbitrary<MemberChange> = fc
  .record({ v4: fc.dictionary(member4, fc.boolean()), v6: fc.dictionary(member6, fc.boolean()) })
  .map(({ v4, v6 }) => {
    const those = (all: Record<string, boolean>, isAdded: boolean) =>
      pack(Object.keys(all).filter((member) => all[member] === isAdded));
    return {
      add: { v4: those(v4, true), v6: those(v6, true) },
      remove: { v4: those(v4, false), v6: those(v6, false) },
    };
  });

function members(packed: Uint8Array, size: number): string[] {
  return (
    Buffer.from(packed)
      .toString('hex')
      .match(new RegExp(`.{${size * 2}}`, 'g')) ?? []
  );
}

describe('a packed list of members', () => {
  it('has after a change what sets of members would have', () => {
    fc.assert(
      fc.property(set, change, (before, { add, remove }) => {
        const after = changeMembers(before, { add, remove });
        for (const family of ['v4', 'v6'] as const) {
          const size = MEMBER_SIZE[family];
          const expected = new Set([...members(before[family], size), ...members(add[family], size)]);
          for (const one of members(remove[family], size)) expected.delete(one);
          expect(members(after[family], size)).toEqual([...expected].sort());
          expect(faultOfMembers(after[family], size)).toBeUndefined();
        }
      }),
    );
  });

  it('comes by several changes to where their merger brings it', () => {
    fc.assert(
      fc.property(set, fc.array(change, { maxLength: 5 }), (before, changes) => {
        const stepwise = changes.reduce(changeMembers, before);
        const merged = changeMembers(before, mergeChanges(changes));
        expect(Buffer.from(merged.v4)).toEqual(Buffer.from(stepwise.v4));
        expect(Buffer.from(merged.v6)).toEqual(Buffer.from(stepwise.v6));
      }),
    );
  });

  it.each([
    ['0a000000', 'no whole number of members'],
    ['0a00000021', 'has 33 bits'],
    ['0a00000108', 'bits set beyond its length of 8'],
    ['0a00000118', 'bits set beyond its length of 24'],
    ['0a000002200a00000120', 'member 1 does not come after'],
    ['0a000001200a00000120', 'member 1 does not come after'],
  ])('%s is refused', (hex, reason) => {
    expect(faultOfMembers(Buffer.from(hex, 'hex'), MEMBER_SIZE.v4)).toContain(reason);
  });

  it('may have prefixes that nest, and all of the addresses', () => {
    expect(
      faultOfMembers(Buffer.from('0000000000' + '0a00000008' + '0a00000010', 'hex'), MEMBER_SIZE.v4),
    ).toBeUndefined();
  });
});
