/** A ruleset in the form of struct nsgate_ruleset and what follows it. Pure. */
import { createHash } from 'node:crypto';
import {
  HOOKS,
  IFNAME_SIZE,
  MatchKind,
  MATCH_NEGATE,
  ObjectType,
  RuleFlag,
  SET_NAME_SIZE,
  SIZE,
} from './abi';
import { align8, ByteWriter } from './byte-writer';
import type { Digest, Match, Prefix, Rule, Ruleset, RulesetObject } from './request';

const ITEM_SIZE: Record<MatchKind, number> = {
  [MatchKind.SRC4]: 8,
  [MatchKind.DST4]: 8,
  [MatchKind.SRC6]: 24,
  [MatchKind.DST6]: 24,
  [MatchKind.PROTOCOL]: 1,
  [MatchKind.SPORT]: 4,
  [MatchKind.DPORT]: 4,
  [MatchKind.ICMP4]: 4,
  [MatchKind.ICMP6]: 4,
  [MatchKind.TCP_FLAGS]: 4,
  [MatchKind.IN_IF]: IFNAME_SIZE,
  [MatchKind.OUT_IF]: IFNAME_SIZE,
  [MatchKind.STATE]: 1,
  [MatchKind.MARK]: 8,
  [MatchKind.SRC_SET]: SET_NAME_SIZE,
  [MatchKind.DST_SET]: SET_NAME_SIZE,
};

/** Bytes of a ruleset-put object. */
export function rulesetSize(ruleset: Ruleset): number {
  return ruleset.rules.reduce((size, rule) => size + ruleSize(rule), SIZE.ruleset);
}

/** The digest by which a ruleset is known: SHA-256 of its object encoded with zeros for the digest. */
export function rulesetDigest(ruleset: Ruleset): Digest {
  const writer = new ByteWriter(rulesetSize(ruleset));
  writeRuleset(writer, { type: 'ruleset-put', digest: '00'.repeat(32), ruleset });
  return createHash('sha256').update(writer.buffer).digest('hex');
}

export function writeRuleset(writer: ByteWriter, { digest, ruleset }: RulesetObject): void {
  writer.u32(ObjectType.RULESET_PUT).u32(rulesetSize(ruleset));
  writeDigest(writer, digest);
  writer.u32(ruleset.rules.length);
  for (const verdict of ruleset.defaultVerdicts) writer.u8(verdict);
  writer.skip(8 - HOOKS);
  writer.u16(ruleset.defaultLog?.rate ?? 0).u16(ruleset.defaultLog?.burst ?? 0);
  for (const rule of ruleset.rules) writeRule(writer, rule);
}

export function writeDigest(writer: ByteWriter, digest: Digest): void {
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw new RangeError(`a digest is 64 hexadecimal digits, not ${JSON.stringify(digest)}`);
  }
  writer.bytes(Buffer.from(digest, 'hex'));
}

function ruleSize(rule: Rule): number {
  return rule.matches.reduce((size, match) => size + matchSize(match), SIZE.rule);
}

function matchSize({ kind, items }: Match): number {
  return SIZE.match + align8(ITEM_SIZE[kind] * items.length);
}

function writeRule(writer: ByteWriter, rule: Rule): void {
  const shadow = rule.shadow === true ? RuleFlag.SHADOW : 0;
  const log = rule.log === undefined ? 0 : RuleFlag.LOG;
  writer.u64(rule.id).u32(ruleSize(rule));
  writer.u8(rule.hook).u8(rule.action);
  writer.u8(shadow | log).u8(rule.rejectWith ?? 0);
  writer.u8(rule.families).skip(3);
  writer.u16(rule.log?.rate ?? 0).u16(rule.log?.burst ?? 0);
  for (const match of rule.matches) writeMatch(writer, match);
}

function writeMatch(writer: ByteWriter, match: Match): void {
  writer.u16(match.kind).u16(match.negate === true ? MATCH_NEGATE : 0);
  writer.u32(match.items.length);
  writeItems(writer, match);
  writer.align();
}

function writeItems(writer: ByteWriter, match: Match): void {
  switch (match.kind) {
    case MatchKind.SRC4:
    case MatchKind.DST4:
      for (const item of match.items) writePrefix(writer, item, 4);
      return;
    case MatchKind.SRC6:
    case MatchKind.DST6:
      for (const item of match.items) writePrefix(writer, item, 16);
      return;
    case MatchKind.PROTOCOL:
    case MatchKind.STATE:
      for (const item of match.items) writer.u8(item);
      return;
    case MatchKind.SPORT:
    case MatchKind.DPORT:
      for (const item of match.items) writer.u16(item.first).u16(item.last);
      return;
    case MatchKind.ICMP4:
    case MatchKind.ICMP6:
      for (const item of match.items) writer.u8(item.type).u8(item.codeFirst).u8(item.codeLast).skip(1);
      return;
    case MatchKind.TCP_FLAGS:
      for (const item of match.items) writer.u8(item.mask).u8(item.value).skip(2);
      return;
    case MatchKind.IN_IF:
    case MatchKind.OUT_IF:
      for (const item of match.items) writeInterfaceName(writer, item);
      return;
    case MatchKind.MARK:
      for (const item of match.items) writer.u32(item.value).u32(item.mask);
      return;
    case MatchKind.SRC_SET:
    case MatchKind.DST_SET:
      for (const item of match.items) writeSetName(writer, item);
  }
}

function writePrefix(writer: ByteWriter, { address, length }: Prefix, addressSize: 4 | 16): void {
  if (address.length !== addressSize) {
    throw new RangeError(`an address of ${addressSize} bytes is needed, not of ${address.length}`);
  }
  writer
    .bytes(address)
    .u8(length)
    .skip(addressSize === 4 ? 3 : 7);
}

/** The last byte stays NUL, as IFNAMSIZ demands. */
export function writeInterfaceName(writer: ByteWriter, name: string): void {
  const bytes = Buffer.from(name);
  if (bytes.length >= IFNAME_SIZE) throw new RangeError(`interface name ${name} is over 15 bytes`);
  writer.bytes(bytes, IFNAME_SIZE);
}

/** The last byte stays NUL, as NSGATE_SET_NAME_SIZE demands. */
export function writeSetName(writer: ByteWriter, name: string): void {
  const bytes = Buffer.from(name);
  if (bytes.length === 0 || bytes.length >= SET_NAME_SIZE) {
    throw new RangeError(`the name of a set is 1 to 63 bytes, not ${JSON.stringify(name)}`);
  }
  writer.bytes(bytes, SET_NAME_SIZE);
}
