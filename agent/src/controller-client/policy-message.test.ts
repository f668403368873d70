import { Action, AgentPolicy, Hook, RejectWith, type AgentRule } from '@nsgate/proto';
import fc from 'fast-check';
import { PolicyFault } from '../desired-state/policy';
import { policyMessage, ruleMessage } from '../desired-state/policy.testing';
import { Action as KernelAction, Family, Hook as KernelHook, MatchKind } from '../kernel-device';
import { decodePolicy, readPolicy } from './policy-message';

const V4 = { address: Buffer.from([10, 0, 0, 0]), length: 8 };
const V6 = { address: Buffer.from('20010db8000000000000000000000000', 'hex'), length: 32 };

const withRule = (fields: Partial<AgentRule>): AgentPolicy => policyMessage({ rules: [ruleMessage(fields)] });

describe('a policy message that is valid', () => {
  it('becomes rules in the terms of the kernel', () => {
    const { rules } = readPolicy(
      withRule({
        action: Action.ACTION_REJECT,
        rejectWith: RejectWith.REJECT_WITH_TCP_RESET,
        sources: [V4, V6],
        protocols: [6, 6],
        destinationPorts: [{ first: 80, last: 443 }],
      }),
    );
    expect(rules[0]?.rule).toEqual({
      id: ruleMessage().key,
      hook: KernelHook.INPUT,
      action: KernelAction.REJECT,
      shadow: false,
      rejectWith: 5,
      families: Family.IPV4 | Family.IPV6,
      matches: [
        { kind: MatchKind.SRC4, items: [V4] },
        { kind: MatchKind.SRC6, items: [V6] },
        { kind: MatchKind.PROTOCOL, items: [6] },
        { kind: MatchKind.DPORT, items: [{ first: 80, last: 443 }] },
      ],
    });
  });

  it('is read the same from the bytes that it keeps', () => {
    const policy = readPolicy(withRule({ sources: [V4, V6] }));
    expect(decodePolicy(policy.message)).toEqual(policy);
  });
});

describe('a policy message is refused', () => {
  const cases: [string, AgentPolicy, string][] = [
    ['whose digest is of other content', policyMessage({ digest: '00'.repeat(32) }), 'digest'],
    ['without a proper name', policyMessage({ name: 'a' }), '"a" is no policy\'s name'],
    ['without a uid', policyMessage({ uid: '' }), 'uid'],
    ['of a priority out of range', policyMessage({ priority: 51_001 }), 'priority 51001'],
    ['without a selector', policyMessage({ namespaces: undefined }), 'include is empty'],
    [
      'with a bad glob',
      policyMessage({ namespaces: { include: ['[a'], exclude: [] } }),
      'namespaces.include: "[a" has a `[`',
    ],
    [
      'with a bad glob to exclude',
      policyMessage({ namespaces: { include: ['a'], exclude: ['a/b'] } }),
      'namespaces.exclude',
    ],
    [
      'with a rule twice',
      policyMessage({ rules: [ruleMessage(), ruleMessage()] }),
      'rule id r1 stands twice',
    ],
    [
      'with two default verdicts for a hook',
      policyMessage({
        defaultVerdicts: [1, 1].map(() => ({
          hook: Hook.HOOK_INPUT,
          verdict: Action.ACTION_DROP,
          log: undefined,
        })),
      }),
      'stands twice',
    ],
    [
      'with a default verdict that is none',
      policyMessage({
        defaultVerdicts: [{ hook: Hook.HOOK_INPUT, verdict: Action.ACTION_REJECT, log: undefined }],
      }),
      'accept or drop',
    ],
    ['with a malformed rule id', withRule({ id: 'a b' }), '"a b" is malformed'],
    ['with a key of another rule', withRule({ key: 7n }), 'rule r1: its key 7'],
    ['without a hook', withRule({ hook: Hook.HOOK_UNSPECIFIED }), 'hook 0'],
    ['without an action', withRule({ action: Action.ACTION_UNSPECIFIED }), 'action 0'],
    ['that shadows accept', withRule({ action: Action.ACTION_ACCEPT, shadow: true }), 'shadowed'],
    [
      'that drops and answers',
      withRule({ rejectWith: RejectWith.REJECT_WITH_PORT_UNREACHABLE }),
      'reject_with goes with reject only',
    ],
    ['that rejects without an answer', withRule({ action: Action.ACTION_REJECT }), 'reject_with 0'],
    [
      'that rejects before routing',
      withRule({
        action: Action.ACTION_REJECT,
        rejectWith: RejectWith.REJECT_WITH_PORT_UNREACHABLE,
        hook: Hook.HOOK_PREROUTING,
      }),
      'input, forward and output',
    ],
    [
      'that resets udp',
      withRule({
        action: Action.ACTION_REJECT,
        rejectWith: RejectWith.REJECT_WITH_TCP_RESET,
        protocols: [6, 17],
      }),
      'tcp reset',
    ],
    ['of no family', withRule({ ipv4: false, ipv6: false }), 'no address family'],
    ['with prefixes of one family of two', withRule({ sources: [V4] }), 'from anywhere'],
    [
      'with prefixes of a family that it does not match',
      withRule({ ipv6: false, sources: [V4, V6] }),
      'families',
    ],
    [
      'with an address of 5 bytes',
      withRule({ sources: [{ address: Buffer.alloc(5), length: 0 }] }),
      '4 nor of 16',
    ],
    [
      'with a prefix that is too long',
      withRule({ ipv6: false, sources: [{ ...V4, length: 33 }] }),
      '33 bits',
    ],
    [
      'with bits beyond the prefix',
      withRule({ ipv6: false, destinations: [{ ...V4, length: 4 }] }),
      'beyond its length of 4',
    ],
    ['with protocol 256', withRule({ protocols: [256] }), 'above 255'],
    ['with ports of no protocol', withRule({ sourcePorts: [{ first: 1, last: 2 }] }), 'ports need protocols'],
    [
      'with ports of icmp',
      withRule({ protocols: [6, 1], sourcePorts: [{ first: 1, last: 2 }] }),
      'ports need protocols',
    ],
    [
      'with ports upside down',
      withRule({ protocols: [6], destinationPorts: [{ first: 2, last: 1 }] }),
      'ports 2-1 are no range',
    ],
    [
      'with port 65536',
      withRule({ protocols: [6], destinationPorts: [{ first: 1, last: 65536 }] }),
      'are no range',
    ],
    [
      'with too many prefixes',
      withRule({ ipv6: false, sources: Array.from({ length: 1025 }, () => V4) }),
      'over 1024',
    ],
  ];

  it.each(cases)('%s', (_case, message, reason) => {
    expect(() => readPolicy(message)).toThrow(PolicyFault);
    expect(() => readPolicy(message)).toThrow(reason);
  });

  it('or read, but never half: any bytes give a policy or a fault', () => {
    const valid = Buffer.from(AgentPolicy.encode(withRule({ sources: [V4, V6] })).finish());
    const altered = fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
      const bytes = Buffer.from(valid);
      bytes[at]! ^= bits;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(altered, fc.uint8Array()), (bytes) => {
        try {
          expect(decodePolicy(bytes).include.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyFault);
        }
      }),
    );
  });
});
