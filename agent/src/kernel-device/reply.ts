/** What the kernel module answers. */
import type { Action, Family, Hook } from './abi';
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
  sets: number;
  /** Namespaces in quarantine now. */
  quarantined: number;
  /** Whether a namespace born from now on is quarantined. */
  quarantine: boolean;
  /** What becomes of malformed packets; undefined: the rules decide. */
  malformed: Action | undefined;
  version: string;
}

/** Packets by what became of them. */
export interface Totals {
  /** The sum of the next three. */
  seen: bigint;
  accepted: bigint;
  dropped: bigint;
  rejected: bigint;
  malformed: bigint;
  /** Those that at least one shadow rule would have stopped. */
  shadow: bigint;
  /** Those that no rule decided, but the default verdict; accepted or dropped too. */
  defaulted: bigint;
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
  /** Packets that quarantine dropped since the namespace was born. */
  quarantineDropped: bigint;
}

export interface ListedRuleset {
  digest: Digest;
  /** Bytes. */
  memory: bigint;
  rules: number;
  bindings: number;
}

export interface ListedSet {
  name: string;
  version: bigint;
  /** Bytes. */
  memory: bigint;
  /** IPv4 and IPv6 prefixes. */
  members4: number;
  members6: number;
  /** How many rulesets name it. */
  rulesets: number;
}

export interface Listing {
  generation: bigint;
  /** In order of birth. */
  namespaces: ListedNamespace[];
  rulesets: ListedRuleset[];
  /** In order of name. */
  sets: ListedSet[];
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
  /** Of an ended binding: maybe another namespace's by now. */
  inode: number;
  /** Unbound, or its namespace died: these are its last counts. */
  ended: boolean;
  /** By hook. */
  hooks: Totals[];
  /**
   * Those that changed, but for those that never counted a packet: a reader that starts over would keep a million of
   * them at once. One that left the ruleset is told as it stood.
   */
  rules: RuleCounters[];
}

export interface Stats {
  /** For the next request, which lets the module forget the ended bindings of this reply. */
  cursor: bigint;
  /** Ended bindings whose last counts the module let go of unread since it was loaded. */
  lost: number;
  /** Those in which something changed; those that ended come last. */
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

export interface Events {
  /** For the next request, as `instance` is. */
  cursor: bigint;
  instance: bigint;
  /** Events after the request's cursor that the module no longer held. */
  lost: bigint;
  /** Oldest first. */
  events: KernelEvent[];
}

interface EventHead {
  number: bigint;
  /** CLOCK_BOOTTIME in nanoseconds. */
  time: bigint;
  birth: bigint;
  inode: number;
}

/** A namespace began or ended, or a packet was sampled. */
export type KernelEvent =
  | ({ type: 'born' } & EventHead)
  | ({ type: 'died' } & EventHead)
  | ({ type: 'packet' } & EventHead & SampledPacket);

export interface SampledPacket {
  epoch: bigint;
  /** The rule that sampled it, 0n for the default verdict. */
  ruleId: bigint;
  /** Packets of the same rule since its last sample that were not sampled. */
  suppressed: bigint;
  source: Uint8Array;
  destination: Uint8Array;
  length: number;
  mark: number;
  sourcePort: number;
  destinationPort: number;
  hook: Hook;
  family: Family;
  protocol: number;
  verdict: Action;
  icmpType: number;
  icmpCode: number;
  tcpFlags: number;
  /** One bit of ConnectionState, or 0. */
  state: number;
  /** Bits of PacketFlag. */
  flags: number;
  inInterface: string;
  outInterface: string;
}
