/** Policies for tests. */
import {
  agentPolicyDigest,
  Action,
  Hook,
  RejectWith,
  ruleKey,
  type AgentPolicy,
  type AgentRule,
} from '@nsgate/proto';
import { readPolicy } from '../controller-client/policy-message';
import type { Policy } from './policy';

/** A valid message; `fields` replace its parts, and the digest fits them. */
export function policyMessage(fields: Partial<AgentPolicy> = {}): AgentPolicy {
  const message: AgentPolicy = {
    name: 'policies/a',
    uid: 'uid-a',
    revision: 1n,
    digest: '',
    priority: 0,
    namespaces: { include: ['ns1'], exclude: [] },
    rules: [ruleMessage()],
    defaultVerdicts: [],
    ...fields,
  };
  return { ...message, digest: fields.digest ?? agentPolicyDigest(message) };
}

/** A valid rule of the policy with the uid `uid-a`. */
export function ruleMessage(fields: Partial<AgentRule> = {}): AgentRule {
  const id = fields.id ?? 'r1';
  return {
    id,
    key: ruleKey('uid-a', id),
    hook: Hook.HOOK_INPUT,
    action: Action.ACTION_DROP,
    shadow: false,
    rejectWith: RejectWith.REJECT_WITH_UNSPECIFIED,
    ipv4: true,
    ipv6: true,
    sources: [],
    destinations: [],
    protocols: [],
    sourcePorts: [],
    destinationPorts: [],
    icmp: [],
    tcpFlags: [],
    inInterfaces: [],
    outInterfaces: [],
    states: [],
    marks: [],
    sourceSets: [],
    destinationSets: [],
    negated: [],
    log: undefined,
    ...fields,
  };
}

export interface PolicyShape {
  name?: string;
  include?: string[];
  exclude?: string[];
  priority?: number;
  revision?: bigint;
  /** Ids of its rules. */
  rules?: string[];
  defaultVerdicts?: AgentPolicy['defaultVerdicts'];
}

/** A policy as the agent holds it; its uid is made of its name, so that rules of two policies differ. */
export function policy(shape: PolicyShape = {}): Policy {
  const { name = 'a', include = ['ns1'], exclude = [], priority = 0, revision = 1n, rules = ['r1'] } = shape;
  const uid = `uid-${name}`;
  return readPolicy(
    policyMessage({
      ...{ name: `policies/${name}`, uid, priority, revision, namespaces: { include, exclude } },
      rules: rules.map((id) => ruleMessage({ id, key: ruleKey(uid, id) })),
      defaultVerdicts: shape.defaultVerdicts ?? [],
    }),
  );
}
