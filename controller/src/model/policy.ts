/** A policy as the controller thinks of it: valid, complete, and independent of the wire. */
import type { NamespaceSelector, HostSelector, Labels } from './selector';

/** A hook of netfilter (enum nf_inet_hooks). */
export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** How a rejected packet is answered. */
export type RejectWith =
  'network-unreachable' | 'host-unreachable' | 'port-unreachable' | 'admin-prohibited' | 'tcp-reset';

/** What becomes of a packet that a rule matches; `shadow` counts as if, and lets the packet go on. */
export type RuleAction =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop'; readonly shadow: boolean }
  | { readonly kind: 'reject'; readonly shadow: boolean; readonly answer?: RejectWith }
  | { readonly kind: 'count' };

/** Which packets: as the operator wrote it. An empty list, and an empty protocol, match any. */
export interface Match {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly protocol: string;
  readonly sourcePorts: readonly string[];
  readonly destinationPorts: readonly string[];
}

export interface Rule {
  readonly id: string;
  readonly comment: string;
  readonly hook: Hook;
  readonly match: Match;
  readonly action: RuleAction;
}

/** What becomes of the packets of one hook that no rule decides. */
export interface DefaultVerdict {
  readonly hook: Hook;
  readonly verdict: 'accept' | 'drop';
}

/** What an operator writes. */
export interface PolicySpec {
  /** `policies/{policy_id}`. */
  readonly name: string;
  readonly description: string;
  readonly labels: Labels;
  readonly hostSelector: HostSelector;
  readonly namespaces: NamespaceSelector;
  readonly priority: number;
  readonly rules: readonly Rule[];
  readonly defaultVerdicts: readonly DefaultVerdict[];
}

/** What the controller gives a policy, beside its revision: differs when a policy of the same name is made anew. */
export interface PolicyOrigin {
  readonly uid: string;
  readonly createTime: Date;
  readonly updateTime: Date;
}

/** A policy as it stands in the store. */
export interface Policy extends PolicySpec, PolicyOrigin {
  /** The store's revision at its last change. */
  readonly revision: bigint;
}
