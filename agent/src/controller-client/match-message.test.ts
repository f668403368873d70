import {
  ConnectionState as WireState,
  Hook as WireHook,
  MatchField,
  type AgentPolicy,
  type AgentRule,
} from '@nsgate/proto';
import fc from 'fast-check';
import { kernelSetName } from '../desired-state/address-set';
import { policyMessage, ruleMessage } from '../desired-state/policy.testing';
import { encodeCommit, MatchKind, type Mark, type Match, type TcpFlags } from '../kernel-device';
import { decodeCommit } from '../kernel-device/request-decoder.testing';
import { compose } from '../reconcile/compose';
import { readPolicy } from './policy-message';

const withRule = (fields: Partial<AgentRule>): AgentPolicy => policyMessage({ rules: [ruleMessage(fields)] });
const matchesOf = (fields: Partial<AgentRule>): readonly Match[] =>
  readPolicy(withRule(fields)).rules[0]!.rule.matches;

const V4 = { address: Buffer.from([10, 0, 0, 0]), length: 8 };
const V6 = { address: Buffer.from('20010db8000000000000000000000000', 'hex'), length: 32 };

describe('what a rule matches', () => {
  it('is, for icmp, its types on the family that has them', () => {
    const icmp = [{ type: 8, codeFirst: 0, codeLast: 255 }];
    expect(matchesOf({ protocols: [1], ipv6: false, icmp })).toContainEqual({
      kind: MatchKind.ICMP4,
      items: icmp,
    });
    expect(matchesOf({ protocols: [58], ipv4: false, icmp })).toContainEqual({
      kind: MatchKind.ICMP6,
      items: icmp,
    });
  });

  it('is one mask of all states', () => {
    const states = [WireState.CONNECTION_STATE_ESTABLISHED, WireState.CONNECTION_STATE_RELATED];
    expect(matchesOf({ states })).toEqual([{ kind: MatchKind.STATE, items: [2 | 4] }]);
  });

  it('is from anywhere in the family that a negated list does not name', () => {
    expect(matchesOf({ sources: [V4], negated: [MatchField.MATCH_FIELD_SOURCES] })).toEqual([
      { kind: MatchKind.SRC6, items: [{ address: new Uint8Array(16), length: 0 }] },
      { kind: MatchKind.SRC4, negate: true, items: [V4] },
    ]);
  });

  it('is the opposite where the field is negated, on both families', () => {
    expect(matchesOf({ sources: [V4, V6], negated: [MatchField.MATCH_FIELD_SOURCES] })).toEqual([
      { kind: MatchKind.SRC4, negate: true, items: [V4] },
      { kind: MatchKind.SRC6, negate: true, items: [V6] },
    ]);
  });

  it('is a set by the name that it has in the kernel', () => {
    expect(matchesOf({ sourceSets: ['addressSets/office'], destinationSets: ['addressSets/x1'] })).toEqual([
      { kind: MatchKind.SRC_SET, items: ['office'] },
      { kind: MatchKind.DST_SET, items: ['x1'] },
    ]);
  });

  it('has room for the longest name of a set', () => {
    const id = 'a'.repeat(63);
    expect(matchesOf({ sourceSets: [`addressSets/${id}`] })).toEqual([
      { kind: MatchKind.SRC_SET, items: [id] },
    ]);
  });

  it('may be a mark, flags and interfaces', () => {
    const rest = { marks: [{ value: 1, mask: 3 }], inInterfaces: ['veth*'] };
    expect(matchesOf({ protocols: [6], tcpFlags: [{ mask: 0x12, value: 2 }], ...rest })).toEqual([
      { kind: MatchKind.PROTOCOL, items: [6] },
      { kind: MatchKind.TCP_FLAGS, items: [{ mask: 0x12, value: 2 }] },
      { kind: MatchKind.IN_IF, items: ['veth*'] },
      { kind: MatchKind.MARK, items: [{ value: 1, mask: 3 }] },
    ]);
  });
});

describe('a rule is refused', () => {
  const anyType = [{ type: 8, codeFirst: 0, codeLast: 255 }];
  it.each<[string, Partial<AgentRule>, string]>([
    ['with icmp types of both families', { protocols: [1], icmp: anyType }, 'icmp types need icmp'],
    [
      'with icmp types of another protocol',
      { protocols: [6], ipv6: false, icmp: anyType },
      'icmp types need',
    ],
    [
      'with codes upside down',
      { protocols: [1], ipv6: false, icmp: [{ type: 8, codeFirst: 2, codeLast: 1 }] },
      '2-1',
    ],
    ['with tcp flags of no mask', { protocols: [6], tcpFlags: [{ mask: 0, value: 0 }] }, 'of mask 0'],
    [
      'with tcp flags outside of the mask',
      { protocols: [6], tcpFlags: [{ mask: 1, value: 3 }] },
      'no flag is outside',
    ],
    [
      'with tcp flags of udp',
      { protocols: [17], tcpFlags: [{ mask: 1, value: 1 }] },
      'need the protocol tcp',
    ],
    ['with a mark of no mask', { marks: [{ value: 0, mask: 0 }] }, 'mark 0 of mask 0'],
    ['with a state that is none', { states: [WireState.CONNECTION_STATE_UNSPECIFIED] }, 'connection state 0'],
    ['with an interface that is none', { inInterfaces: ['a b'] }, '"a b" is no name'],
    ['with an interface of 16 bytes', { inInterfaces: ['a'.repeat(16)] }, 'is no name'],
    [
      'with an interface that it cannot know',
      { outInterfaces: ['eth0'] },
      'out_interfaces goes with forward',
    ],
    [
      'with an interface that it cannot know yet',
      { hook: WireHook.HOOK_POSTROUTING, inInterfaces: ['eth0'] },
      'in_interfaces goes with prerouting',
    ],
    ['with a set that is none', { sourceSets: ['office'] }, '"office" is no address set'],
    ['that negates what it does not say', { negated: [MatchField.MATCH_FIELD_MARKS] }, 'which says nothing'],
    [
      'that negates twice',
      { protocols: [6], negated: [MatchField.MATCH_FIELD_PROTOCOLS, MatchField.MATCH_FIELD_PROTOCOLS] },
      'twice',
    ],
    [
      'with ports of all protocols but one',
      { protocols: [6], sourcePorts: [{ first: 1, last: 2 }], negated: [MatchField.MATCH_FIELD_PROTOCOLS] },
      'ports need protocols',
    ],
    ['with too many samples', { log: { rate: 1001, burst: 1 } }, 'over 1000'],
  ])('%s', (_what, fields, reason) => {
    expect(() => readPolicy(withRule(fields))).toThrow(reason);
  });
});

describe('samples', () => {
  it('are ten a second where nothing is said', () => {
    expect(readPolicy(withRule({ log: { rate: 0, burst: 0 } })).rules[0]?.rule.log).toEqual({
      rate: 10,
      burst: 10,
    });
    expect(readPolicy(withRule({ log: { rate: 5, burst: 0 } })).rules[0]?.rule.log).toEqual({
      rate: 5,
      burst: 5,
    });
  });

  it('of default verdicts are taken at the highest rate that is asked for', () => {
    const verdicts = [WireHook.HOOK_INPUT, WireHook.HOOK_OUTPUT].map((hook, index) => ({
      ...{ hook, verdict: 2, log: { rate: 10 * (index + 1), burst: 0 } },
    }));
    const { ruleset } = compose([readPolicy(policyMessage({ defaultVerdicts: verdicts }))]);
    expect(ruleset.defaultLog).toEqual({ rate: 20, burst: 20 });
  });
});

describe('any rule that is read', () => {
  const flags = fc.constantFrom<TcpFlags>({ mask: 2, value: 2 }, { mask: 0x3f, value: 0 });
  const name = fc.constantFrom('eth0', 'veth*', 'tun1');
  const set = fc.constantFrom('addressSets/a', 'addressSets/office-2');
  const some = <T>(items: fc.Arbitrary<T>) => fc.array(items, { maxLength: 3 });
  const fields = fc.record({
    ...{ hook: fc.constant(WireHook.HOOK_FORWARD), inInterfaces: some(name), outInterfaces: some(name) },
    ...{
      sourceSets: some(set),
      destinationSets: some(set),
      tcpFlags: some(flags),
      protocols: fc.constant<number[]>([6]),
    },
    states: fc.uniqueArray(fc.constantFrom(1, 2, 3, 4, 5)),
    marks: some(fc.constantFrom<Mark>({ value: 1, mask: 1 }, { value: 0, mask: 0xff })),
    sources: fc.boolean().map((isStated) => (isStated ? [V4, V6] : [])),
    negated: fc.uniqueArray(
      fc.constantFrom(
        MatchField.MATCH_FIELD_IN_INTERFACES,
        MatchField.MATCH_FIELD_MARKS,
        MatchField.MATCH_FIELD_STATES,
      ),
    ),
    log: fc.option(fc.record({ rate: fc.nat(1000), burst: fc.nat(1000) }), { nil: undefined }),
  });

  it('reaches the kernel with every field that it states, negated where it says so', () => {
    fc.assert(
      fc.property(fields, (all) => {
        const listOf = { 8: all.inInterfaces, 10: all.states, 11: all.marks };
        const negated = all.negated.filter((field) => listOf[field].length > 0);
        const { digest, ruleset } = compose([readPolicy(withRule({ ...all, negated }))]);
        const [put] = decodeCommit(encodeCommit(1n, [{ type: 'ruleset-put', digest, ruleset }]));
        const [rule] = put?.type === 'ruleset-put' ? put.ruleset.rules : [];
        const itemsOf = (kind: MatchKind) => rule?.matches.find((match) => match.kind === kind)?.items ?? [];
        const isNegated = (kind: MatchKind) =>
          rule?.matches.find((match) => match.kind === kind)?.negate ?? false;
        expect(itemsOf(MatchKind.IN_IF)).toEqual(all.inInterfaces);
        expect(itemsOf(MatchKind.OUT_IF)).toEqual(all.outInterfaces);
        expect(itemsOf(MatchKind.MARK)).toEqual(all.marks);
        expect(itemsOf(MatchKind.TCP_FLAGS)).toEqual(all.tcpFlags);
        expect(itemsOf(MatchKind.SRC_SET)).toEqual(all.sourceSets.map(kernelSetName));
        expect(itemsOf(MatchKind.DST_SET)).toEqual(all.destinationSets.map(kernelSetName));
        expect(itemsOf(MatchKind.STATE).length).toBe(Math.min(all.states.length, 1));
        expect(isNegated(MatchKind.IN_IF)).toBe(negated.includes(MatchField.MATCH_FIELD_IN_INTERFACES));
        expect(isNegated(MatchKind.STATE)).toBe(negated.includes(MatchField.MATCH_FIELD_STATES));
        expect(isNegated(MatchKind.MARK)).toBe(negated.includes(MatchField.MATCH_FIELD_MARKS));
        expect(rule?.log !== undefined).toBe(all.log !== undefined);
      }),
    );
  });
});
