/** What the live ruleset of a namespace does with a described packet, in the words of the policies that it was made of. */
import type { Policy } from '../desired-state/policy';
import {
  Family,
  KernelRefusal,
  type Action,
  type Classified,
  type DefaultVerdict,
  type DescribedPacket,
  type Digest,
  type Hook,
  type KernelDevice,
} from '../kernel-device';

export interface PacketQuestion extends Omit<DescribedPacket, 'inode' | 'birth' | 'family' | 'hook'> {
  /** Its name. */
  namespace: string;
  /** Undefined where the asker named none that is known. */
  hook: Hook | undefined;
}

export interface Explanation {
  verdict: Action;
  /** Of the rule that decides, or of the policy that states the default verdict; undefined when none is known. */
  policy: string | undefined;
  /** As the operator wrote it; undefined for the default verdict. */
  ruleId: string | undefined;
  /** Of the policy. */
  revision: bigint | undefined;
  /** Undefined while nothing is bound. */
  digest: Digest | undefined;
}

/** The question cannot be asked, or not be answered; the message says why, for the operator. */
export class ExplainFault extends Error {
  override readonly name = 'ExplainFault';
}

export interface ExplainContext {
  kernel: Pick<KernelDevice, 'classify'>;
  /** Of the namespace; undefined when no namespace has the name. */
  inode: number | undefined;
  /** Those that act in the namespace, in the order in which they compose. */
  policies: readonly Policy[];
}

/** Throws ExplainFault. */
export function explain(question: PacketQuestion, { kernel, inode, policies }: ExplainContext): Explanation {
  const { namespace, hook, ...packet } = question;
  if (hook === undefined) throw new ExplainFault('name a hook');
  if (inode === undefined) throw new ExplainFault(`no namespace has the name ${namespace}`);
  const family = familyOf(packet.source, packet.destination);
  const answer = ask(kernel, { ...packet, inode, hook, family });
  const { verdict, digest, rule } = answer;
  const author = rule === undefined ? authorOfDefault(hook, policies) : authorOfRule(rule.id, policies);
  const none = { policy: undefined, revision: undefined, ruleId: undefined };
  if (digest === undefined || author === undefined)
    return { ...none, ...ruleNumber(answer), verdict, digest };
  const { policy, ruleId } = author;
  return { verdict, digest, policy: policy.name, revision: policy.revision, ruleId };
}

function ask(kernel: Pick<KernelDevice, 'classify'>, packet: DescribedPacket): Classified {
  try {
    return kernel.classify(packet);
  } catch (error) {
    if (error instanceof KernelRefusal || error instanceof RangeError) throw new ExplainFault(error.message);
    throw error;
  }
}

function familyOf(source: Uint8Array, destination: Uint8Array): Family {
  if (source.length !== destination.length)
    throw new ExplainFault('source and destination are of two families');
  if (source.length === 4) return Family.IPV4;
  if (source.length === 16) return Family.IPV6;
  throw new ExplainFault('an address is of 4 or of 16 bytes');
}

export interface Author {
  policy: Policy;
  ruleId: string | undefined;
}

function authorOfRule(key: bigint, policies: readonly Policy[]): Author | undefined {
  for (const policy of policies) {
    const found = policy.rules.find(({ rule }) => rule.id === key);
    if (found !== undefined) return { policy, ruleId: found.id };
  }
  return undefined;
}

/** The policy that states the default verdict, and no rule. */
export function authorOfDefault(hook: Hook, policies: readonly Policy[]): Author | undefined {
  const policy = policies.find(({ defaultVerdicts }) => defaultVerdicts.has(hook));
  return policy && { policy, ruleId: undefined };
}

/** What decides where no rule does, if a policy states it. */
export function statedDefault(
  hook: Hook,
  policies: readonly Policy[],
): { policy: string; verdict: DefaultVerdict } | undefined {
  const policy = authorOfDefault(hook, policies)?.policy;
  const stated = policy?.defaultVerdicts.get(hook);
  return policy && stated && { policy: policy.name, verdict: stated.verdict };
}

/** A rule of which no policy is known is told by its number in the kernel. */
function ruleNumber({ rule }: Classified): { ruleId?: string } {
  return rule === undefined ? {} : { ruleId: `0x${rule.id.toString(16).padStart(16, '0')}` };
}
