// What is measured and what comes out: the words between the two sides of the benchmark, host and guest.
import type { Ip, PacketHeader, Rule } from './rule';
import type { Family } from './ruleset-generator';

/** What can stand between a packet and the bare hook. */
export type Subject =
  | 'nsgate'
  | 'nft-linear'
  | 'nft-set'
  | 'iptables'
  /** The kernel module is loaded and filters another namespace, not the one that is measured. */
  | 'unmanaged';

export const subjects: readonly Subject[] = ['nsgate', 'nft-linear', 'nft-set', 'iptables', 'unmanaged'];

/** A subject with one ruleset. */
export interface Contender {
  readonly subject: Subject;
  /** How many of the rules it can hold; not all for nft-set, which has no priorities. */
  readonly held: number;
  /** How many of the trial's packets some rule that it holds matches. */
  readonly hits: number;
  /** File with the ruleset in the subject's own format; the kernel module gets `Rule`s as JSON. */
  readonly rulesetFile: string;
}

/** One ruleset in all its forms, and the packets to send at each. */
export interface Trial {
  readonly family: Family;
  readonly ip: Ip;
  readonly rules: number;
  readonly packets: readonly PacketHeader[];
  readonly contenders: readonly Contender[];
}

/** The content of a file of rules for the kernel module. */
export type RuleFile = readonly Rule[];

/** All that the guest is to do. */
export interface Plan {
  /** The bare hook's module. */
  readonly bareHook: string;
  /** The kernel module of the project; undefined if no subject needs it. */
  readonly nsgateModule: string | undefined;
  readonly trials: readonly Trial[];
}

/** One cell of a table of results. */
export interface Case {
  readonly subject: Subject;
  readonly family: Family;
  readonly ip: Ip;
  readonly rules: number;
}

/** What a packet costs. */
export interface Row extends Case {
  readonly held: number;
  readonly hits: number;
  /** Packets sent in each of the runs of which the cheapest counts. */
  readonly packets: number;
  /** Per packet, above the bare hook. */
  readonly instructions: number;
}

/** What taking a ruleset in costs: nsgate's one write() to its device, all of `nft -f` for nftables. */
export interface Commit extends Case {
  readonly instructions: number;
}

/** What the module says that a ruleset takes. */
export interface Memory extends Case {
  readonly bytes: number;
}

/** What the guest reports, one JSON object per line. */
export type Report =
  | { readonly kind: 'kernel'; readonly release: string }
  /** What a packet costs in all with nothing but the bare hook. */
  | { readonly kind: 'bare'; readonly ip: Ip; readonly instructions: number }
  | ({ readonly kind: 'row' } & Row)
  | ({ readonly kind: 'commit' } & Commit)
  | ({ readonly kind: 'memory' } & Memory);
