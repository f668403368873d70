/** What is asked of the kernel module: the objects of a commit, and a packet to classify. */
import type { Action, Family, Hook, MatchKind, RejectWith, Setting } from './abi';

/** SHA-256 of a ruleset's content: 64 hexadecimal digits, lower case. */
export type Digest = string;

export type CommitObject =
  | RulesetObject
  | RulesetDropObject
  | BindObject
  | UnbindObject
  | SetObject
  | SetDeltaObject
  | SetDropObject
  | SettingObject
  | ReleaseObject;

/** Gives the module a ruleset to hold; a digest that it holds already is left as it is. */
export interface RulesetObject {
  type: 'ruleset-put';
  digest: Digest;
  ruleset: Ruleset;
}

/** Has the module hold a ruleset no longer. EBUSY if it is still bound when the commit ends. */
export interface RulesetDropObject {
  type: 'ruleset-drop';
  digest: Digest;
}

/** Binds a namespace to a ruleset in place of its binding, if any. */
export interface BindObject {
  type: 'bind';
  /** Of the namespace's nsfs file. */
  inode: number;
  /** The birth id that is expected there; 0n for any. */
  birth: bigint;
  digest: Digest;
  /** Says that the host's initial namespace is meant; EPERM without it. */
  initial: boolean;
}

export interface UnbindObject {
  type: 'unbind';
  inode: number;
  birth: bigint;
}

/** Prefixes, packed: an address in network order and one byte of length for each, so 5 bytes of IPv4 and 17 of IPv6. */
export interface Members {
  v4: Uint8Array;
  v6: Uint8Array;
}

/** Gives the module an address set, or replaces all of one; a set that is held in this version already is left as it is. */
export interface SetObject {
  type: 'set-put';
  /** 1 to 63 bytes. */
  name: string;
  version: bigint;
  members: Members;
}

/** Changes an address set. ENOENT if it is not held, ESTALE if it is held in another version than `from`. */
export interface SetDeltaObject {
  type: 'set-delta';
  name: string;
  from: bigint;
  version: bigint;
  add: Members;
  remove: Members;
}

/** Has the module hold an address set no longer. EBUSY while a ruleset names it. */
export interface SetDropObject {
  type: 'set-drop';
  name: string;
}

export interface SettingObject {
  type: 'setting';
  setting: Setting;
  value: bigint;
}

/** Ends the quarantine of a namespace that is to stay unbound. */
export interface ReleaseObject {
  type: 'release';
  inode: number;
  birth: bigint;
}

export type DefaultVerdict = Action.ACCEPT | Action.DROP;

export interface Ruleset {
  /** By hook: what becomes of packets that no rule decides. */
  defaultVerdicts: readonly [DefaultVerdict, DefaultVerdict, DefaultVerdict, DefaultVerdict, DefaultVerdict];
  /** Of the packets that a default verdict drops. */
  defaultLog?: LogRate;
  /** In order: the first that decides wins. */
  rules: readonly Rule[];
}

/** How many packets are sampled: a second, and at once. */
export interface LogRate {
  rate: number;
  burst: number;
}

export interface Rule {
  /** Not 0; unique in its ruleset. */
  id: bigint;
  hook: Hook;
  action: Action;
  shadow?: boolean;
  /** With Action.REJECT only. */
  rejectWith?: RejectWith;
  /** Bits of Family; not 0. */
  families: number;
  log?: LogRate;
  /** All must hold. */
  matches: readonly Match[];
}

/** Holds when any of its items does; with `negate`, when none does. */
export type Match = { negate?: boolean } & (
  | { kind: MatchKind.SRC4 | MatchKind.DST4 | MatchKind.SRC6 | MatchKind.DST6; items: readonly Prefix[] }
  | { kind: MatchKind.PROTOCOL | MatchKind.STATE; items: readonly number[] }
  | { kind: MatchKind.SPORT | MatchKind.DPORT; items: readonly PortRange[] }
  | { kind: MatchKind.ICMP4 | MatchKind.ICMP6; items: readonly IcmpRange[] }
  | { kind: MatchKind.TCP_FLAGS; items: readonly TcpFlags[] }
  | { kind: MatchKind.IN_IF | MatchKind.OUT_IF; items: readonly string[] }
  | { kind: MatchKind.MARK; items: readonly Mark[] }
  | { kind: MatchKind.SRC_SET | MatchKind.DST_SET; items: readonly string[] }
);

export interface Prefix {
  /** 4 or 16 bytes, as the match's kind says. */
  address: Uint8Array;
  length: number;
}

export interface PortRange {
  first: number;
  last: number;
}

export interface IcmpRange {
  type: number;
  codeFirst: number;
  codeLast: number;
}

export interface TcpFlags {
  mask: number;
  value: number;
}

export interface Mark {
  value: number;
  mask: number;
}

/** Asks for the events after those of an earlier reply. */
export interface EventsQuestion {
  /** Of the last reply; 0n for the oldest event that is held. */
  cursor: bigint;
  /** Of the last reply; 0n with cursor 0n. ESTALE if the module was loaded again since. */
  instance: bigint;
  /** Number of the signal that is to tell of the next event; 0 for none. */
  signal: number;
}

/** A packet as a person would describe it. What is left out is 0 or empty. */
export interface DescribedPacket {
  inode: number;
  birth?: bigint;
  hook: Hook;
  family: Family;
  /** 4 or 16 bytes, as `family` says. */
  source: Uint8Array;
  destination: Uint8Array;
  protocol: number;
  sourcePort?: number;
  destinationPort?: number;
  icmpType?: number;
  icmpCode?: number;
  tcpFlags?: number;
  /** One bit of ConnectionState. */
  state?: number;
  mark?: number;
  inInterface?: string;
  outInterface?: string;
}
