/** Reads requests back, for tests that hold the encoder to what it was given. */
/* eslint-disable @typescript-eslint/no-non-null-assertion -- a value that is no member fails the test, as it should */
import {
  Action,
  BIND_INITIAL,
  enumMember,
  Hook,
  HOOKS,
  IFNAME_SIZE,
  MatchKind,
  MATCH_NEGATE,
  ObjectType,
  RejectWith,
  RuleFlag,
} from './abi';
import { ByteReader } from './byte-reader';
import type { CommitObject, Match, Rule, Ruleset } from './request';

export function decodeCommit(request: Buffer): CommitObject[] {
  const reader = new ByteReader(request).skip(24);
  const objects: CommitObject[] = [];
  for (let left = request.length - 24; left > 0;) {
    const type = reader.u32();
    const length = reader.u32();
    objects.push(decodeObject(reader, type));
    left -= length;
  }
  reader.end('the commit');
  return objects;
}

function decodeObject(reader: ByteReader, type: number): CommitObject {
  switch (enumMember<ObjectType>(ObjectType, type)!) {
    case ObjectType.RULESET_PUT:
      return { type: 'ruleset-put', digest: reader.hex(32), ruleset: decodeRuleset(reader) };
    case ObjectType.RULESET_DROP:
      return { type: 'ruleset-drop', digest: reader.hex(32) };
    case ObjectType.BIND: {
      const inode = reader.u32();
      const initial = reader.u32() === BIND_INITIAL;
      return { type: 'bind', inode, initial, birth: reader.u64(), digest: reader.hex(32) };
    }
    case ObjectType.UNBIND:
      return { type: 'unbind', inode: reader.u32(), birth: reader.skip(4).u64() };
  }
}

function decodeRuleset(reader: ByteReader): Ruleset {
  const count = reader.u32();
  const verdicts = Array.from({ length: HOOKS }, () => enumMember<Action>(Action, reader.u8()));
  const defaultLog = { rate: reader.skip(3).u16(), burst: reader.u16() };
  const rules = Array.from({ length: count }, () => decodeRule(reader));
  return {
    defaultVerdicts: verdicts as unknown as Ruleset['defaultVerdicts'],
    ...(defaultLog.rate !== 0 ? { defaultLog } : {}),
    rules,
  };
}

function decodeRule(reader: ByteReader): Rule {
  const id = reader.u64();
  const length = reader.u32();
  const hook = enumMember<Hook>(Hook, reader.u8())!;
  const action = enumMember<Action>(Action, reader.u8())!;
  const flags = reader.u8();
  const rejectWith = enumMember<RejectWith>(RejectWith, reader.u8());
  const families = reader.u8();
  reader.skip(3);
  const log = { rate: reader.u16(), burst: reader.u16() };
  const matches: Match[] = [];
  for (let left = length - 24; left > 0;) {
    const { match, size } = decodeMatch(reader);
    matches.push(match);
    left -= size;
  }
  return {
    id,
    hook,
    action,
    families,
    matches,
    shadow: (flags & RuleFlag.SHADOW) !== 0,
    ...(rejectWith !== undefined ? { rejectWith } : {}),
    ...((flags & RuleFlag.LOG) !== 0 ? { log } : {}),
  };
}

function decodeMatch(reader: ByteReader): { match: Match; size: number } {
  const kind = enumMember<MatchKind>(MatchKind, reader.u16())!;
  const negate = reader.u16() === MATCH_NEGATE;
  const count = reader.u32();
  const itemSize = ITEM[kind].size;
  const items = Array.from({ length: count }, () => ITEM[kind].read(reader));
  const padding = (8 - ((itemSize * count) % 8)) % 8;
  reader.skip(padding);
  return { match: { kind, negate, items } as unknown as Match, size: 8 + itemSize * count + padding };
}

interface ItemReader {
  size: number;
  read: (reader: ByteReader) => unknown;
}

const PREFIX4: ItemReader = { size: 8, read: (r) => readPrefix(r, 4) };
const PREFIX6: ItemReader = { size: 24, read: (r) => readPrefix(r, 16) };
const BYTE: ItemReader = { size: 1, read: (r) => r.u8() };
const PORTS: ItemReader = { size: 4, read: (r) => ({ first: r.u16(), last: r.u16() }) };
const ICMP: ItemReader = { size: 4, read: readIcmp };
const NAME: ItemReader = { size: IFNAME_SIZE, read: (r) => r.text(IFNAME_SIZE) };

const ITEM: Record<MatchKind, ItemReader> = {
  [MatchKind.SRC4]: PREFIX4,
  [MatchKind.DST4]: PREFIX4,
  [MatchKind.SRC6]: PREFIX6,
  [MatchKind.DST6]: PREFIX6,
  [MatchKind.PROTOCOL]: BYTE,
  [MatchKind.SPORT]: PORTS,
  [MatchKind.DPORT]: PORTS,
  [MatchKind.ICMP4]: ICMP,
  [MatchKind.ICMP6]: ICMP,
  [MatchKind.TCP_FLAGS]: { size: 4, read: readTcpFlags },
  [MatchKind.IN_IF]: NAME,
  [MatchKind.OUT_IF]: NAME,
  [MatchKind.STATE]: BYTE,
  [MatchKind.MARK]: { size: 8, read: (r) => ({ value: r.u32(), mask: r.u32() }) },
};

function readPrefix(reader: ByteReader, size: number): unknown {
  const address = new Uint8Array(Buffer.from(reader.hex(size), 'hex'));
  const length = reader.u8();
  reader.skip(size === 4 ? 3 : 7);
  return { address, length };
}

function readIcmp(reader: ByteReader): unknown {
  const item = { type: reader.u8(), codeFirst: reader.u8(), codeLast: reader.u8() };
  reader.skip(1);
  return item;
}

function readTcpFlags(reader: ByteReader): unknown {
  const item = { mask: reader.u8(), value: reader.u8() };
  reader.skip(2);
  return item;
}
