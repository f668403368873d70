/** What is asked of the kernel module: the objects of a commit, and a packet to classify. */
import type { Action, Family, Hook, MatchKind, RejectWith } from './abi';

/** SHA-256 of a ruleset's content: 64 hexadecimal digits, lower case. */
export type Digest = string;

export type CommitObject = RulesetObject | RulesetDropObject | BindObject | UnbindObject;

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

export type DefaultVerdict = Action.ACCEPT | Action.DROP;

export interface Ruleset {
  /** By hook: what becomes of packets that no rule decides. */
  defaultVerdicts: readonly [DefaultVerdict, DefaultVerdict, DefaultVerdict, DefaultVerdict, DefaultVerdict];
  /** Samples a second of the packets that a default verdict drops, and how many at once. */
  defaultLog?: { rate: number; burst: number };
  /** In order: the first that decides wins. */
  rules: readonly Rule[];
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
  /** Samples a second, and how many at once. */
  log?: { rate: number; burst: number };
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
