import {
  Action,
  AgentPolicy,
  agentPolicyDigest,
  AgentRule,
  ConnectionState,
  Hook,
  MatchField,
  RejectWith,
  ruleKey,
} from '@nsgate/proto';
import { ANY_PACKET, type Match } from '../model/match';
import type { Policy, Rule } from '../model/policy';
import { compilePolicy } from './compile-policy';

function rule(fields: Partial<Omit<Rule, 'match'>> & { match?: Partial<Match> } = {}): Rule {
  const { match, ...others } = fields;
  return {
    id: 'r',
    comment: '',
    hook: 'input',
    action: { kind: 'drop', shadow: false },
    ...others,
    match: { ...ANY_PACKET, ...match },
  };
}

function policy(fields: Partial<Policy> = {}): Policy {
  return {
    name: 'policies/a',
    description: '',
    labels: new Map(),
    hostSelector: { requirements: [] },
    namespaces: { include: ['*'], exclude: [] },
    tier: 'default',
    priority: 0,
    rules: [],
    defaultVerdicts: [],
    uid: 'u',
    createTime: new Date(0),
    updateTime: new Date(0),
    revision: 1n,
    ...fields,
  };
}

const compiledRule = (fields: Parameters<typeof rule>[0]): AgentPolicy['rules'][number] =>
  compilePolicy(policy({ rules: [rule(fields)] })).rules[0]!;

describe('compilePolicy', () => {
  it('gives the digest that the agent will compute from what it receives', () => {
    const compiled = compilePolicy(policy({ rules: [rule({ match: { sources: ['10.0.0.0/8'] } })] }));
    const received = AgentPolicy.decode(AgentPolicy.encode(compiled).finish());
    expect(agentPolicyDigest(received)).toBe(compiled.digest);
  });

  it('gives the same digest whatever an edit changes for people only', () => {
    const before = compilePolicy(policy());
    const after = compilePolicy(policy({ description: 'new', labels: new Map([['a', 'b']]), revision: 9n }));
    expect(after.digest).toBe(before.digest);
    expect(after.revision).toBe(9n);
  });

  it('gives another digest when rules change their order', () => {
    const [a, b] = [rule({ id: 'a' }), rule({ id: 'b' })];
    expect(compilePolicy(policy({ rules: [a, b] })).digest).not.toBe(
      compilePolicy(policy({ rules: [b, a] })).digest,
    );
  });

  it('turns a rule into numbers and bytes', () => {
    const compiled = compiledRule({
      hook: 'forward',
      match: { sources: ['10.0.0.0/8'], protocol: 'tcp', destinationPorts: ['443', '8000-8099'] },
    });
    expect(compiled).toEqual(
      AgentRule.fromPartial({
        id: 'r',
        key: ruleKey('u', 'r'),
        hook: Hook.HOOK_FORWARD,
        action: Action.ACTION_DROP,
        shadow: false,
        rejectWith: RejectWith.REJECT_WITH_UNSPECIFIED,
        ipv4: true,
        ipv6: false,
        sources: [{ address: Buffer.from([10, 0, 0, 0]), length: 8 }],
        destinations: [],
        protocols: [6],
        sourcePorts: [],
        destinationPorts: [
          { first: 443, last: 443 },
          { first: 8000, last: 8099 },
        ],
      }),
    );
  });

  it.each<[string, Partial<Match>, boolean, boolean]>([
    ['nothing', {}, true, true],
    ['an IPv4 source', { sources: ['10.0.0.0/8'] }, true, false],
    ['an IPv6 destination', { destinations: ['2001:db8::/32'] }, false, true],
    ['sources of both', { sources: ['10.0.0.0/8', '::1'] }, true, true],
    [
      'sources of both and an IPv4 destination',
      { sources: ['10.0.0.0/8', '::1'], destinations: ['1.1.1.1'] },
      true,
      false,
    ],
    ['icmp', { protocol: 'icmp' }, true, false],
    ['icmpv6', { protocol: 'icmpv6' }, false, true],
    ['icmp by number', { protocol: '1' }, true, false],
    ['tcp', { protocol: 'tcp' }, true, true],
    ['anything but an IPv4 source', { notSources: ['10.0.0.0/8'] }, true, true],
    ['anything but every IPv4 source', { notSources: ['0.0.0.0/0'] }, false, true],
    ['anything but icmp', { notProtocol: 'icmp' }, true, true],
  ])('with %s, matches IPv4: %3$s, IPv6: %4$s', (_what, match, ipv4, ipv6) => {
    expect(compiledRule({ match })).toMatchObject({ ipv4, ipv6 });
  });

  it('turns every kind of match into its numbers, and says which are negated', () => {
    const compiled = compiledRule({
      hook: 'forward',
      match: {
        protocol: 'tcp',
        notSources: ['10.0.0.0/8'],
        sourceSets: ['addressSets/a'],
        notDestinationSets: ['addressSets/b'],
        tcpFlags: [{ set: ['syn'], unset: ['ack', 'rst'] }],
        inInterfaces: ['veth*'],
        notOutInterfaces: ['eth0'],
        states: ['new', 'untracked'],
        marks: ['0x10/0xf0'],
      },
      log: { rate: 5, burst: 7 },
    });
    expect(compiled).toMatchObject({
      ipv4: true,
      ipv6: true,
      sources: [{ length: 8 }],
      sourceSets: ['addressSets/a'],
      destinationSets: ['addressSets/b'],
      tcpFlags: [{ mask: 0x16, value: 0x02 }],
      inInterfaces: ['veth*'],
      outInterfaces: ['eth0'],
      states: [ConnectionState.CONNECTION_STATE_NEW, ConnectionState.CONNECTION_STATE_UNTRACKED],
      marks: [{ value: 0x10, mask: 0xf0 }],
      log: { rate: 5, burst: 7 },
    });
    expect([...compiled.negated].sort()).toEqual(
      [
        MatchField.MATCH_FIELD_SOURCES,
        MatchField.MATCH_FIELD_OUT_INTERFACES,
        MatchField.MATCH_FIELD_DESTINATION_SETS,
      ].sort(),
    );
    expect(compiledRule({ match: { protocol: 'icmpv6', icmpTypes: ['ping', '1/0-3'] } }).icmp).toEqual([
      { type: 128, codeFirst: 0, codeLast: 255 },
      { type: 1, codeFirst: 0, codeLast: 3 },
    ]);
    expect(compiledRule({ match: { notProtocol: 'udp' } })).toMatchObject({
      protocols: [17],
      negated: [MatchField.MATCH_FIELD_PROTOCOLS],
    });
  });

  it('puts tiers before priorities', () => {
    const order = [
      compilePolicy(policy({ tier: 'emergency', priority: 1000 })),
      compilePolicy(policy({ tier: 'security', priority: -1000 })),
      compilePolicy(policy({ priority: -1000 })),
      compilePolicy(policy({ priority: 1000 })),
      compilePolicy(policy({ tier: 'baseline', priority: -1000 })),
    ].map(({ priority }) => priority);
    expect(order).toEqual([11_000, 19_000, 39_000, 41_000, 49_000]);
  });

  it('leaves out prefixes of a family that the rule cannot match', () => {
    const compiled = compiledRule({ match: { sources: ['10.0.0.0/8', '::1'], destinations: ['1.1.1.1'] } });
    expect(compiled.sources.map(({ address }) => address.length)).toEqual([4]);
  });

  it('answers a reject with port unreachable unless the policy says otherwise', () => {
    const silent = compiledRule({ action: { kind: 'reject', shadow: false } });
    const told = compiledRule({ action: { kind: 'reject', shadow: true, answer: 'admin-prohibited' } });
    expect(silent.rejectWith).toBe(RejectWith.REJECT_WITH_PORT_UNREACHABLE);
    expect(told).toMatchObject({ rejectWith: RejectWith.REJECT_WITH_ADMIN_PROHIBITED, shadow: true });
  });

  it('throws for what validation never lets into the store', () => {
    expect(() => compiledRule({ match: { sources: ['10.1'] } })).toThrow('prefix "10.1" is not');
    expect(() => compiledRule({ match: { destinationPorts: ['x'] } })).toThrow('port range "x" is not');
    expect(() => compiledRule({ match: { protocol: 'x' } })).toThrow('protocol "x" is unknown');
  });
});
