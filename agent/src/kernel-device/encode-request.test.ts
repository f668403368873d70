import fc from 'fast-check';
import { Action, Family, Hook, MatchKind, RejectWith, Setting } from './abi';
import { encodeClassify, encodeCommit, objectSize } from './encode-request';
import { rulesetDigest } from './encode-ruleset';
import { decodeCommit } from './request-decoder.testing';
import type { CommitObject, Match, Rule, Ruleset } from './request';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => Buffer.from(b).toString('hex'));

function prefix(size: number): fc.Arbitrary<unknown> {
  return fc.record({ address: fc.uint8Array({ minLength: size, maxLength: size }), length: u8 });
}

function matches(kinds: MatchKind[], item: fc.Arbitrary<unknown>): fc.Arbitrary<Match> {
  return fc.record({
    kind: fc.constantFrom(...kinds),
    negate: fc.boolean(),
    items: fc.array(item, { minLength: 1, maxLength: 9 }),
  }) as fc.Arbitrary<Match>;
}

const match = fc.oneof(
  matches([MatchKind.SRC4, MatchKind.DST4], prefix(4)),
  matches([MatchKind.SRC6, MatchKind.DST6], prefix(16)),
  matches([MatchKind.PROTOCOL, MatchKind.STATE], u8),
  matches([MatchKind.SPORT, MatchKind.DPORT], fc.record({ first: u16, last: u16 })),
  matches([MatchKind.ICMP4, MatchKind.ICMP6], fc.record({ type: u8, codeFirst: u8, codeLast: u8 })),
  matches([MatchKind.TCP_FLAGS], fc.record({ mask: u8, value: u8 })),
  matches([MatchKind.IN_IF, MatchKind.OUT_IF], fc.stringMatching(/^[a-z0-9*]{1,15}$/)),
  matches([MatchKind.SRC_SET, MatchKind.DST_SET], fc.stringMatching(/^[a-z0-9-]{1,63}$/)),
  matches([MatchKind.MARK], fc.record({ value: u32, mask: u32 })),
);

const rule: fc.Arbitrary<Rule> = fc
  .record({
    id: u64,
    hook: fc.constantFrom(Hook.PREROUTING, Hook.INPUT, Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING),
    families: fc.constantFrom(Family.IPV4, Family.IPV6, Family.IPV4 | Family.IPV6),
    shadow: fc.boolean(),
    matches: fc.array(match, { maxLength: 6 }),
  })
  .chain((common) =>
    fc.oneof(
      fc.constant({ ...common, action: Action.DROP }),
      fc.constant({ ...common, action: Action.REJECT, rejectWith: RejectWith.PORT_UNREACH }),
      fc.record({ rate: u16, burst: u16 }).map((log) => ({ ...common, action: Action.COUNT, log })),
    ),
  );

const verdict = fc.constantFrom(Action.ACCEPT, Action.DROP);
const ruleset = fc.record(
  {
    defaultVerdicts: fc.tuple(verdict, verdict, verdict, verdict, verdict),
    defaultLog: fc.record({ rate: fc.integer({ min: 1, max: 0xffff }), burst: u16 }),
    rules: fc.array(rule, { maxLength: 5 }),
  },
  { requiredKeys: ['defaultVerdicts', 'rules'] },
) as fc.Arbitrary<Ruleset>;

const setName = fc.stringMatching(/^[a-z0-9/-]{1,63}$/);

function packed(size: number): fc.Arbitrary<Uint8Array> {
  const one = fc.uint8Array({ minLength: size, maxLength: size });
  return fc.array(one, { maxLength: 4 }).map((all) => Uint8Array.from(all.flatMap((bytes) => [...bytes])));
}

const members = fc.record({ v4: packed(5), v6: packed(17) });

const object: fc.Arbitrary<CommitObject> = fc.oneof(
  fc.record({ type: fc.constant('ruleset-put' as const), digest, ruleset }),
  fc.record({ type: fc.constant('ruleset-drop' as const), digest }),
  fc.record({ type: fc.constant('bind' as const), inode: u32, birth: u64, digest, initial: fc.boolean() }),
  fc.record({ type: fc.constant('unbind' as const), inode: u32, birth: u64 }),
  fc.record({ type: fc.constant('release' as const), inode: u32, birth: u64 }),
  fc.record({
    type: fc.constant('setting' as const),
    setting: fc.constantFrom(Setting.QUARANTINE, Setting.MALFORMED),
    value: u64,
  }),
  fc.record({ type: fc.constant('set-put' as const), name: setName, version: u64, members }),
  fc.record({
    ...{ type: fc.constant('set-delta' as const), name: setName, from: u64, version: u64 },
    ...{ add: members, remove: members },
  }),
  fc.record({ type: fc.constant('set-drop' as const), name: setName }),
);

describe('a commit', () => {
  it('is read back as it was written, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(object, { maxLength: 8 }), u64, (objects, tag) => {
        expect(decodeCommit(encodeCommit(tag, objects))).toEqual(objects);
      }),
    );
  });

  it('is made of objects that fill a multiple of 8 bytes and say their true size', () => {
    fc.assert(
      fc.property(object, (one) => {
        const encoded = encodeCommit(0n, [one]);
        expect(objectSize(one) % 8).toBe(0);
        expect(encoded.length).toBe(24 + objectSize(one));
        expect(encodeCommit(0n, [one, one]).length).toBe(24 + 2 * objectSize(one));
      }),
    );
  });

  it('is never written with a value that does not fit its field', () => {
    const bind = { type: 'bind', inode: 1, birth: 0n, digest: 'ab'.repeat(32), initial: false } as const;
    expect(() => encodeCommit(0n, [{ ...bind, inode: 2 ** 32 }])).toThrow('out of range');
    expect(() => encodeCommit(0n, [{ ...bind, birth: -1n }])).toThrow('out of range');
    expect(() => encodeCommit(0n, [{ type: 'set-drop', name: 'x'.repeat(64) }])).toThrow('1 to 63 bytes');
    const halves = { v4: new Uint8Array(7), v6: new Uint8Array(0) };
    expect(() => encodeCommit(0n, [{ type: 'set-put', name: 'x', version: 1n, members: halves }])).toThrow(
      'no whole number',
    );
    expect(() => encodeCommit(0n, [{ ...bind, digest: 'ab' }])).toThrow('64 hexadecimal digits');
  });
});

describe('the digest of a ruleset', () => {
  it('is the same for the same content and another for other content', () => {
    fc.assert(
      fc.property(ruleset, ruleset, (a, b) => {
        const same = encodeCommit(0n, [{ type: 'ruleset-put', digest: '00'.repeat(32), ruleset: a }]).equals(
          encodeCommit(0n, [{ type: 'ruleset-put', digest: '00'.repeat(32), ruleset: b }]),
        );
        expect(rulesetDigest(a) === rulesetDigest(b)).toBe(same);
        expect(rulesetDigest({ ...a })).toBe(rulesetDigest(a));
      }),
    );
  });
});

describe('a packet to classify', () => {
  it('is refused when an address is not of its family', () => {
    const packet = { inode: 1, hook: Hook.INPUT, family: Family.IPV4, protocol: 6 };
    const [v4, v6] = [Buffer.alloc(4), Buffer.alloc(16)];
    expect(() => encodeClassify(0n, { ...packet, source: v6, destination: v4 })).toThrow('4 bytes');
  });

  it('is refused when an interface name is over 15 bytes', () => {
    const v4 = Buffer.alloc(4);
    const packet = {
      inode: 1,
      hook: Hook.INPUT,
      family: Family.IPV4,
      protocol: 6,
      source: v4,
      destination: v4,
    };
    expect(() => encodeClassify(0n, { ...packet, inInterface: 'a'.repeat(16) })).toThrow('15 bytes');
  });
});
