/** The numbers of kmod/uapi/nsgate.h under the names of this side. Meaning, units and ranges are documented there. */

export const ABI = 3;
export const MAGIC = 0x5447534e;

export const DIGEST_SIZE = 32;
export const IFNAME_SIZE = 16;
export const REASON_SIZE = 128;
export const VERSION_SIZE = 32;
export const SET_NAME_SIZE = 64;

export const MAX_REQUEST = 64 << 20;
export const MAX_OBJECTS = 65536;
export const MAX_ITEMS = 1024;
export const MAX_SET_MEMBERS = 2097152;
export const MAX_EVENTS = 1024;

export const NO_INDEX = 0xffffffff;

/** Bytes of each structure. */
export const SIZE = {
  request: 24,
  reply: 24,
  refusal: 152,
  info: 104,
  object: 8,
  ruleset: 56,
  rule: 24,
  match: 8,
  rulesetDrop: 40,
  bind: 56,
  unbind: 24,
  committed: 8,
  totals: 56,
  namespace: 128,
  rulesetInfo: 48,
  setInfo: 96,
  listing: 24,
  statsRequest: 8,
  ruleCounters: 40,
  bindingStats: 312,
  stats: 16,
  classify: 96,
  classified: 56,
  setting: 24,
  release: 24,
  set: 88,
  setDelta: 104,
  setDrop: 72,
  eventsRequest: 24,
  events: 32,
  event: 144,
};

export enum Op {
  INFO = 1,
  COMMIT = 2,
  LIST = 3,
  STATS = 4,
  CLASSIFY = 5,
  EVENTS = 6,
}

/** What a refusal is about. */
export enum Field {
  NONE = 0,
  REQUEST = 1,
  OBJECT = 2,
  RESERVED = 3,
  DIGEST = 4,
  DEFAULT = 5,
  RULES = 6,
  RULE_ID = 7,
  RULE_LENGTH = 8,
  HOOK = 9,
  ACTION = 10,
  FLAGS = 11,
  REJECT_WITH = 12,
  FAMILIES = 13,
  LOG = 14,
  MATCH_KIND = 15,
  MATCH_FLAGS = 16,
  MATCH_COUNT = 17,
  MATCH_ITEM = 18,
  INODE = 19,
  BIRTH = 20,
  SETTING = 21,
  MEMORY = 22,
  SET = 23,
  SET_VERSION = 24,
  MEMBERS = 25,
  MEMBER = 26,
  SIGNAL = 27,
}

export enum Hook {
  PREROUTING = 0,
  INPUT = 1,
  FORWARD = 2,
  OUTPUT = 3,
  POSTROUTING = 4,
}

export const HOOKS = 5;

/** Every hook, in the order in which lists by hook are. */
export const EVERY_HOOK = [Hook.PREROUTING, Hook.INPUT, Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING] as const;

export enum Action {
  ACCEPT = 1,
  DROP = 2,
  REJECT = 3,
  COUNT = 4,
}

export enum RejectWith {
  NET_UNREACH = 1,
  HOST_UNREACH = 2,
  PORT_UNREACH = 3,
  ADMIN_PROHIBITED = 4,
  TCP_RESET = 5,
}

export enum ObjectType {
  RULESET_PUT = 1,
  RULESET_DROP = 2,
  BIND = 3,
  UNBIND = 4,
  SETTING = 5,
  SET_PUT = 6,
  SET_DELTA = 7,
  SET_DROP = 8,
  RELEASE = 9,
}

/** Bits of Rule.families; one of them is DescribedPacket.family. */
export enum Family {
  IPV4 = 1,
  IPV6 = 2,
}

export enum RuleFlag {
  SHADOW = 1,
  LOG = 2,
}

export enum MatchKind {
  SRC4 = 1,
  DST4 = 2,
  SRC6 = 3,
  DST6 = 4,
  PROTOCOL = 5,
  SPORT = 6,
  DPORT = 7,
  ICMP4 = 8,
  ICMP6 = 9,
  TCP_FLAGS = 10,
  IN_IF = 11,
  OUT_IF = 12,
  STATE = 13,
  MARK = 14,
  SRC_SET = 15,
  DST_SET = 16,
}

export const MATCH_NEGATE = 1;
export const BIND_INITIAL = 1;

/** Bits of a STATE match's item. */
export enum ConnectionState {
  NEW = 1,
  ESTABLISHED = 2,
  RELATED = 4,
  /** @public */
  INVALID = 8,
  UNTRACKED = 16,
}

export enum NamespaceFlag {
  INITIAL = 1,
  BOUND = 2,
  QUARANTINED = 4,
}

/** Bits of a binding's flags in statistics. */
export enum StatsFlag {
  ENDED = 1,
}

export enum Setting {
  QUARANTINE = 1,
  MALFORMED = 2,
}

export enum EventType {
  BORN = 1,
  DIED = 2,
  PACKET = 3,
}

/** Bits of PacketEvent.flags. */
export enum PacketFlag {
  SHADOW = 1,
  MALFORMED = 2,
  /** @public */
  FRAGMENT = 4,
}

/** The member of an enum that has this value; undefined when none has. */
export function enumMember<E extends number>(
  members: Readonly<Record<string, E | string>>,
  value: number,
): E | undefined {
  return Object.values(members).find((member): member is E => member === value);
}
