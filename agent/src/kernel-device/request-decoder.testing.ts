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
  SET_NAME_SIZE,
  Setting,
} from './abi';
import { ByteReader } from './byte-reader';
import type { CommitObject, Match, Members, Rule, Ruleset } from './request';

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
    case ObjectType.SETTING:
      return {
        type: 'setting',
        setting: enumMember<Setting>(Setting, reader.u32())!,
        value: reader.skip(4).u64(),
      };
    case ObjectType.RELEASE:
      return { type: 'release', inode: reader.u32(), birth: reader.skip(4).u64() };
    case ObjectType.SET_PUT:
      return decodeSet(reader);
    case ObjectType.SET_DELTA:
      return decodeSetDelta(reader);
    case ObjectType.SET_DROP:
      return { type: 'set-drop', name: reader.text(SET_NAME_SIZE) };
  }
}

function decodeSet(reader: ByteReader): CommitObject {
  const head = { name: reader.text(SET_NAME_SIZE), version: reader.u64() };
  const [count4, count6] = [reader.u32(), reader.u32()];
  const members: Members = { v4: decodeMembers(reader, count4, 4), v6: decodeMembers(reader, count6, 16) };
  return { type: 'set-put', ...head, members };
}

function decodeSetDelta(reader: ByteReader): CommitObject {
  const head = { name: reader.text(SET_NAME_SIZE), from: reader.u64(), version: reader.u64() };
  const [add4, remove4, add6, remove6] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  const v4 = { add: decodeMembers(reader, add4, 4), remove: decodeMembers(reader, remove4, 4) };
  const v6 = { add: decodeMembers(reader, add6, 16), remove: decodeMembers(reader, remove6, 16) };
  const add: Members = { v4: v4.add, v6: v6.add };
  return { type: 'set-delta', ...head, add, remove: { v4: v4.remove, v6: v6.remove } };
}

function decodeMembers(reader: ByteReader, count: number, addressSize: 4 | 16): Uint8Array {
  const packed = Array.from({ length: count }, () => {
    const member = reader.hex(addressSize + 1);
    reader.skip(addressSize === 4 ? 3 : 7);
    return member;
  });
  return new Uint8Array(Buffer.from(packed.join(''), 'hex'));
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

const SET_NAME: ItemReader = { size: SET_NAME_SIZE, read: (r) => r.text(SET_NAME_SIZE) };

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
  [MatchKind.SRC_SET]: SET_NAME,
  [MatchKind.DST_SET]: SET_NAME,
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
