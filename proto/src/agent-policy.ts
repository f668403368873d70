/** Numbers and digests of AgentPolicy on which controller and agent must agree to the bit. */
import { createHash } from 'node:crypto';
import { AgentPolicy } from '../gen/nsgate/v1/agent_stream';

/** AgentPolicy.digest of a policy: SHA-256, hexadecimal, of its encoding with `revision` 0 and `digest` empty. */
export function agentPolicyDigest(policy: AgentPolicy): string {
  return sha256(encodeContent(policy)).toString('hex');
}

/** Its digest, as its content has it, and its encoding, for whom it would take long to encode a large policy for each. */
export function encodeAgentPolicy(policy: AgentPolicy): { digest: string; encoded: Uint8Array } {
  const content = encodeContent(policy);
  // The fields of an encoded message may come in any order: what is no content follows it.
  const { revision, digest } = policy;
  const rest = AgentPolicy.encode(AgentPolicy.fromPartial({ revision, digest })).finish();
  return { digest: sha256(content).toString('hex'), encoded: Buffer.concat([content, rest]) };
}

function encodeContent(policy: AgentPolicy): Uint8Array {
  return AgentPolicy.encode({ ...policy, revision: 0n, digest: '' }).finish();
}

/** AgentRule.key of a rule: by it the kernel and the statistics know the rule. Never 0. */
export function ruleKey(policyUid: string, ruleId: string): bigint {
  const key = sha256(`${policyUid}\0${ruleId}`).readBigUInt64BE(0);
  return key === 0n ? 1n : key;
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}
