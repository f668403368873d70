/** Numbers and digests of AgentPolicy on which controller and agent must agree to the bit. */
import { createHash } from 'node:crypto';
import { AgentPolicy } from '../gen/nsgate/v1/agent_stream';

/** AgentPolicy.digest of a policy: SHA-256, hexadecimal, of its encoding with `revision` 0 and `digest` empty. */
export function agentPolicyDigest(policy: AgentPolicy): string {
  const content = AgentPolicy.encode({ ...policy, revision: 0n, digest: '' }).finish();
  return createHash('sha256').update(content).digest('hex');
}

/** AgentRule.key of a rule: by it the kernel and the statistics know the rule. Never 0. */
export function ruleKey(policyUid: string, ruleId: string): bigint {
  const key = createHash('sha256').update(`${policyUid}\0${ruleId}`).digest().readBigUInt64BE(0);
  return key === 0n ? 1n : key;
}
