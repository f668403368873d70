/** A host as its agent reports it. */
import type { Labels } from './selector';

/** What an agent declares when its stream opens. */
export interface HostDescription {
  readonly id: string;
  readonly labels: Labels;
  readonly agentVersion: string;
  /** Empty while the kernel module is not loaded. */
  readonly moduleVersion: string;
  readonly kernelRelease: string;
  /** /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
}

/** How an agent and its kernel module are. */
export interface HostHealth {
  /** Whether the module is loaded and answers. */
  readonly moduleLoaded: boolean;
  /** That the module holds in rulesets and counters. */
  readonly moduleMemoryBytes: bigint;
  readonly rulesets: number;
  readonly bindings: number;
  readonly addressSets: number;
  readonly kernelNamespaces: number;
  readonly quarantined: number;
  readonly agentMemoryBytes: bigint;
  readonly agentUptimeMs: number;
  /** That ended and whose last counts the module had no room for until they were read, since it was loaded. */
  readonly lostBindings: number;
}

/** A host as operators see it. */
export interface Host extends HostDescription {
  /** What policies choose by: those of the agent, and over them those of operators. */
  readonly labels: Labels;
  readonly agentLabels: Labels;
  readonly operatorLabels: Labels;
  readonly connected: boolean;
  /** When the open stream began, or the last one ended. For people. */
  readonly stateChangeTime: Date;
  readonly desiredRevision: bigint;
  readonly acknowledgedRevision: bigint;
  readonly namespaceCount: number;
  /** The revision up to which everything has been read back from its kernel. */
  readonly enforcedRevision: bigint;
  /** As it reported last; undefined before it has. */
  readonly health: HostHealth | undefined;
}

export type NamespaceState =
  'ready' | 'placeholder' | 'alias' | 'stray' | 'guarded' | 'shadowed' | 'quarantined' | 'lingering';

/** An entry of a host's /run/netns. */
export interface HostNamespace {
  readonly name: string;
  readonly inode: number;
  readonly birthId: bigint;
  readonly netCookie: bigint;
  readonly state: NamespaceState;
  readonly rulesetDigest: string;
  readonly detail: string;
  /** Whether it is the host's initial namespace. */
  readonly initial: boolean;
}

export type HostEventKind =
  'drift-repaired' | 'module-reloaded' | 'module-unusable' | 'state-file' | 'quarantine-released';

/** Something that happened on a host that an operator should know of. */
export interface HostEvent {
  /** By the host's clock, for people. */
  readonly time: Date | undefined;
  readonly kind: HostEventKind;
  /** Empty when it is not about one. */
  readonly namespace: string;
  readonly detail: string;
}

/** Where a policy stands in a namespace; where it stands nowhere there is no realization. */
export type RealizationStatus =
  | { readonly state: 'pending' }
  | { readonly state: 'enforced'; readonly rulesetDigest: string }
  | { readonly state: 'failed'; readonly reason: string };

/** Where one policy stands in one namespace of one host. */
export interface Realization {
  /** `policies/{policy_id}`. */
  readonly policy: string;
  readonly hostId: string;
  /** Empty for a policy that the agent refused as a whole. */
  readonly namespace: string;
  readonly status: RealizationStatus;
  readonly policyRevision: bigint;
  /** Nothing was reported yet: that is what is to come, by what the host says of its namespaces. */
  readonly anticipated?: boolean;
}
