import { AgentPolicy } from '../gen/nsgate/v1/agent_stream';
import { agentPolicyDigest, encodeAgentPolicy, ruleKey } from './agent-policy';

describe('agentPolicyDigest', () => {
  const policy = AgentPolicy.create({ name: 'policies/a', uid: 'u', priority: -3, revision: 7n });

  it('does not change with the revision or with the digest itself', () => {
    expect(agentPolicyDigest({ ...policy, revision: 8n, digest: 'x' })).toBe(agentPolicyDigest(policy));
  });

  it('changes with the content', () => {
    expect(agentPolicyDigest({ ...policy, priority: 3 })).not.toBe(agentPolicyDigest(policy));
  });

  it('survives the wire', () => {
    const received = AgentPolicy.decode(AgentPolicy.encode(policy).finish());
    expect(agentPolicyDigest(received)).toBe(agentPolicyDigest(policy));
  });
});

describe('encodeAgentPolicy', () => {
  it('gives the digest of the content, and an encoding of the whole', () => {
    const policy = AgentPolicy.fromPartial({
      name: 'policies/a',
      revision: 7n,
      digest: 'x',
      rules: [{ id: 'r' }],
    });
    const { digest, encoded } = encodeAgentPolicy(policy);
    expect(digest).toBe(agentPolicyDigest(policy));
    expect(AgentPolicy.decode(encoded)).toEqual(policy);
  });
});

describe('ruleKey', () => {
  it('is the first 8 bytes of SHA-256 over uid, zero byte and rule id', () => {
    // printf 'u\0r' | sha256sum
    expect(ruleKey('u', 'r').toString(16).padStart(16, '0')).toBe('0859c9aafc7c3cb3');
  });

  it('keeps uid and rule id apart', () => {
    expect(ruleKey('ab', 'c')).not.toBe(ruleKey('a', 'bc'));
  });
});
