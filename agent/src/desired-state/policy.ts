/** A policy as the agent holds it: valid, with its rules in the kernel's terms. */
import type { DefaultVerdict, Digest, Hook, LogRate, Rule } from '../kernel-device';
import type { NamePattern } from '../namespaces/name-pattern';

export interface Policy {
  /** `policies/{policy_id}`. */
  readonly name: string;
  readonly revision: bigint;
  /** Of the content; two policies of one name and digest are the same. */
  readonly digest: Digest;
  /** Lower comes first. */
  readonly priority: number;
  readonly include: readonly NamePattern[];
  readonly exclude: readonly NamePattern[];
  readonly rules: readonly PolicyRule[];
  readonly defaultVerdicts: ReadonlyMap<Hook, StatedVerdict>;
  /** The message that the controller sent; from it the policy can be read again. */
  readonly message: Uint8Array;
}

export interface StatedVerdict {
  readonly verdict: DefaultVerdict;
  /** With drop only. */
  readonly log?: LogRate;
}

export interface PolicyRule {
  /** As the operator wrote it. */
  readonly id: string;
  readonly rule: Rule;
}

/** A policy that the agent will not hold; the message says why, in words for the operator. */
export class PolicyFault extends Error {
  override readonly name = 'PolicyFault';
}

/** Whether the policy acts in the namespace of this name. */
export function selects(policy: Policy, namespace: string): boolean {
  return (
    policy.include.some((pattern) => pattern.matches(namespace)) &&
    !policy.exclude.some((pattern) => pattern.matches(namespace))
  );
}

/** Names that the policies name literally. */
export function literalNames(policies: Iterable<Policy>): Set<string> {
  const patterns = [...policies].flatMap(({ include }) => include.map(({ literal }) => literal));
  return new Set(patterns.filter((name) => name !== undefined));
}

/** The order in which policies compose: priority, then name. */
export function comparePolicies(a: Policy, b: Policy): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
