/** What the kernel module answers. */
import type { Action } from './abi';
import type { Digest } from './request';

export interface KernelInfo {
  /** The oldest and the newest ABI that the module answers. */
  abiMin: number;
  abiMax: number;
  /** Bits by enum value: what rules may use. */
  hooks: number;
  matchKinds: bigint;
  actions: number;
  ruleFlags: number;
  /** Another after each load of the module. */
  instance: bigint;
  /** Raised by every commit that changed something. */
  generation: bigint;
  /** Bytes held by rulesets and counters. */
  memory: bigint;
  namespaces: number;
  bindings: number;
  rulesets: number;
  version: string;
}

/** Packets by what became of them. */
export interface Totals {
  accepted: bigint;
  dropped: bigint;
  rejected: bigint;
  malformed: bigint;
}

export interface ListedNamespace {
  /** Never given twice while the machine is up. */
  birth: bigint;
  /** 0n where the kernel has none. */
  cookie: bigint;
  inode: number;
  /** Whether it is the host's initial namespace. */
  initial: boolean;
  quarantined: boolean;
  /** Undefined when no ruleset is bound. */
  binding: { digest: Digest; epoch: bigint } | undefined;
  totals: Totals;
}

export interface ListedRuleset {
  digest: Digest;
  /** Bytes. */
  memory: bigint;
  rules: number;
  bindings: number;
}

export interface Listing {
  generation: bigint;
  /** In order of birth. */
  namespaces: ListedNamespace[];
  rulesets: ListedRuleset[];
}

export interface RuleCounters {
  id: bigint;
  packets: bigint;
  bytes: bigint;
  shadowPackets: bigint;
  /** CLOCK_BOOTTIME in milliseconds, 0n for never. */
  lastHit: bigint;
}

export interface BindingStats {
  birth: bigint;
  epoch: bigint;
  inode: number;
  /** By hook. */
  hooks: Totals[];
  /** Those that changed. */
  rules: RuleCounters[];
}

export interface Stats {
  /** For the next request. */
  cursor: bigint;
  /** Those in which something changed. */
  bindings: BindingStats[];
}

export interface Classified {
  verdict: Action;
  /** The rule that decides; undefined for the default verdict. */
  rule: { id: bigint; index: number } | undefined;
  /** Undefined when the namespace is not bound. */
  digest: Digest | undefined;
  epoch: bigint;
}
