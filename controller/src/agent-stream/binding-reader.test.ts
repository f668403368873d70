import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Action, BindingStats, Hook } from '@nsgate/proto';
import fc from 'fast-check';
import type { BindingReport } from '../stats/counter-ledger';
import { CountList } from '../stats/count-list';
import { BindingReader } from './binding-reader';

const reader = new BindingReader();

const small = fc.bigInt({ min: 0n, max: 300n });
const count = fc.oneof(small, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constant(2n ** 64n - 1n));
const HOOKS = [Hook.HOOK_PREROUTING, Hook.HOOK_INPUT, Hook.HOOK_FORWARD, Hook.HOOK_OUTPUT];

/** Columns that fit together: of some rules, and of some hooks. */
const binding = fc
  .record({
    rules: fc.nat(80),
    hooks: fc.subarray(HOOKS),
    knowsIdle: fc.boolean(),
    knowsDefaults: fc.boolean(),
  })
  .chain(({ rules, hooks, knowsIdle, knowsDefaults }) => {
    const ofLength = <Value>(one: fc.Arbitrary<Value>, length: number): fc.Arbitrary<Value[]> =>
      fc.array(one, { minLength: length, maxLength: length, size: 'max' });
    const [byRule, byHook] = [ofLength(count, rules), ofLength(count, hooks.length)];
    const known = knowsDefaults ? hooks.length : 0;
    return fc.record({
      ...{
        namespace: fc.string({ minLength: 1, maxLength: 60 }),
        epoch: count,
        ruleKeys: byRule,
        packets: byRule,
      },
      ...{ bytes: byRule, shadowPackets: byRule, idleMs: knowsIdle ? byRule : fc.constant<bigint[]>([]) },
      ...{
        hooks: fc.constant(hooks),
        accepted: byHook,
        dropped: byHook,
        rejected: byHook,
        shadowDropped: byHook,
      },
      ...{ malformed: byHook, defaulted: ofLength(count, known) },
      defaultVerdicts: ofLength(fc.constantFrom(Action.ACTION_ACCEPT, Action.ACTION_DROP), known),
      defaultPolicies: ofLength(fc.string({ maxLength: 20 }), known),
    });
  });

const encode = (message: BindingStats): Uint8Array => BindingStats.encode(message).finish();

/** With lists of counts as the generated code gives them. */
function plain(report: BindingReport | undefined): unknown {
  const list = (counts: CountList): bigint[] => Array.from({ length: counts.length }, (_, i) => counts.at(i));
  return (
    report &&
    Object.fromEntries(
      Object.entries(report).map(([name, value]: [string, unknown]) => [
        name,
        value instanceof CountList ? list(value) : value,
      ]),
    )
  );
}

function expected({ hooks, defaultVerdicts, defaultPolicies, ...columns }: BindingStats): unknown {
  const words = new Map([
    [Hook.HOOK_PREROUTING, 'prerouting'],
    [Hook.HOOK_INPUT, 'input'],
    [Hook.HOOK_FORWARD, 'forward'],
    [Hook.HOOK_OUTPUT, 'output'],
  ]);
  return {
    ...columns,
    hooks: hooks.map((hook) => words.get(hook)),
    defaults: defaultVerdicts.map((verdict, i) => ({
      policy: defaultPolicies[i],
      verdict: verdict === Action.ACTION_DROP ? 'drop' : 'accept',
    })),
  };
}

/** The same message with every number of a list as a field of its own, as encoders may write it. */
function unpacked(bytes: Uint8Array): Uint8Array {
  const [from, to] = [new BinaryReader(bytes), new BinaryWriter()];
  while (from.pos < bytes.length) {
    const [field, type] = from.tag();
    if (type !== WireType.LengthDelimited || field === 1 || field === 16) {
      to.tag(field, type).raw(from.skip(type, field));
      continue;
    }
    const end = from.uint32() + from.pos;
    const [one, skipped] =
      field === 3 ? [WireType.Bit64, WireType.Bit64] : [WireType.Varint, WireType.Varint];
    while (from.pos < end) to.tag(field, one).raw(from.skip(skipped, field));
  }
  return to.finish();
}

describe('the reader of bindings', () => {
  it('reads what the generated code reads, one report after the other', () => {
    fc.assert(
      fc.property(binding, (message) => {
        expect(plain(reader.read(encode(message)))).toEqual(expected(message));
      }),
      { numRuns: 200 },
    );
  });

  it('reads lists whose numbers stand each by itself, lists in pieces, and leaves out fields that it does not know', () => {
    fc.assert(
      fc.property(binding, binding, (message, { packets }) => {
        const unknown = new BinaryWriter()
          .tag(1000, WireType.LengthDelimited)
          .bytes(encode(message))
          .finish();
        expect(plain(reader.read(Buffer.concat([unpacked(encode(message)), unknown])))).toEqual(
          expected(message),
        );
        const piece = encode(BindingStats.fromPartial({ packets }));
        const pieces = Buffer.concat([encode({ ...message, packets: [] }), piece, unknown, piece]);
        const isWhole = 2 * packets.length === message.ruleKeys.length;
        expect(plain(reader.read(pieces))).toEqual(
          isWhole ? expected({ ...message, packets: [...packets, ...packets] }) : undefined,
        );
      }),
      { numRuns: 100 },
    );
  });

  it.each<[string, Partial<BindingStats>]>([
    ['no name of a namespace', { namespace: '' }],
    ['a name that is too long', { namespace: 'n'.repeat(256) }],
    ['columns of rules that differ in length', { bytes: [1n, 2n] }],
    ['no bytes', { bytes: [] }],
    ['columns of hooks that differ in length', { dropped: [1n] }],
    ['a hook twice', { hooks: [Hook.HOOK_INPUT, Hook.HOOK_INPUT] }],
    ['a hook that is none', { hooks: [Hook.HOOK_INPUT, Hook.HOOK_UNSPECIFIED] }],
    ['a default verdict that is none', { defaultVerdicts: [Action.ACTION_REJECT, Action.ACTION_DROP] }],
    ['policies of defaults without counts', { defaulted: [] }],
  ])('gives nothing of a binding with %s', (_what, wrong) => {
    const one = [1n];
    const two = [1n, 2n];
    const message = BindingStats.fromPartial({
      ...{ namespace: 'ns1', epoch: 1n, ruleKeys: one, packets: one, bytes: one, shadowPackets: one },
      ...{ hooks: [Hook.HOOK_INPUT, Hook.HOOK_OUTPUT], accepted: two, dropped: two, rejected: two },
      ...{ shadowDropped: two, malformed: two, defaulted: two, defaultPolicies: ['', 'policies/p'] },
      defaultVerdicts: [Action.ACTION_ACCEPT, Action.ACTION_DROP],
    });
    expect(reader.read(encode(message))).toBeDefined();
    expect(reader.read(encode({ ...message, ...wrong }))).toBeUndefined();
  });

  it('refuses bytes that are no binding, and reads the next one as if nothing had been', () => {
    fc.assert(
      fc.property(
        binding,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (message, seed, noise) => {
          const whole = encode(message);
          const spoilt = Buffer.concat([whole.subarray(0, seed % (whole.length + 1)), noise]);
          let report: unknown;
          try {
            report = plain(reader.read(spoilt));
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
          // What is read, the generated code reads as well.
          if (report !== undefined) expect(report).toEqual(expected(BindingStats.decode(spoilt)));
          expect(plain(reader.read(whole))).toEqual(expected(message));
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each<[string, number[]]>([
    ['a number that has no end', [0x22, 0x01, 0x80]],
    ['a number of more than ten bytes', [0x22, 0x0b, ...Array<number>(10).fill(0xff), 0x01]],
    ['a list that is longer than the message', [0x22, 0x05, 0x01]],
    ['half a key', [0x1a, 0x04, 1, 2, 3, 4]],
  ])('refuses %s', (_what, bytes) => {
    expect(() => reader.read(Uint8Array.from(bytes))).toThrow();
  });
});
