/** Address sets in the form of struct nsgate_set, nsgate_set_delta and nsgate_set_drop. Pure. */
import { ObjectType, SIZE } from './abi';
import type { ByteWriter } from './byte-writer';
import { writeSetName } from './encode-ruleset';
import type { Members, SetDeltaObject, SetDropObject, SetObject } from './request';

/** Bytes of a packed member: its address, and one of length. */
export const PACKED = { v4: 5, v6: 17 };

/** Bytes of struct nsgate_prefix4 and nsgate_prefix6. */
const PREFIX4_SIZE = 8;
const PREFIX6_SIZE = 24;

/** How many members are packed here. Throws RangeError when the bytes are no whole number of them. */
export function countMembers({ v4, v6 }: Members): { v4: number; v6: number } {
  const counts = { v4: v4.length / PACKED.v4, v6: v6.length / PACKED.v6 };
  if (Number.isInteger(counts.v4) && Number.isInteger(counts.v6)) return counts;
  throw new RangeError(`${v4.length} and ${v6.length} bytes are no whole numbers of packed members`);
}

export function setSize({ members }: SetObject): number {
  return SIZE.set + membersSize(members);
}

export function setDeltaSize({ add, remove }: SetDeltaObject): number {
  return SIZE.setDelta + membersSize(add) + membersSize(remove);
}

export function writeSet(writer: ByteWriter, set: SetObject): void {
  const { name, version, members } = set;
  const counts = countMembers(members);
  writer.u32(ObjectType.SET_PUT).u32(setSize(set));
  writeSetName(writer, name);
  writer.u64(version).u32(counts.v4).u32(counts.v6);
  writer.prefixes(members.v4, 4).prefixes(members.v6, 16);
}

export function writeSetDelta(writer: ByteWriter, delta: SetDeltaObject): void {
  const { name, from, version, add, remove } = delta;
  const [added, removed] = [countMembers(add), countMembers(remove)];
  writer.u32(ObjectType.SET_DELTA).u32(setDeltaSize(delta));
  writeSetName(writer, name);
  writer.u64(from).u64(version);
  writer.u32(added.v4).u32(removed.v4).u32(added.v6).u32(removed.v6);
  writer.prefixes(add.v4, 4).prefixes(remove.v4, 4);
  writer.prefixes(add.v6, 16).prefixes(remove.v6, 16);
}

export function writeSetDrop(writer: ByteWriter, { name }: SetDropObject): void {
  writer.u32(ObjectType.SET_DROP).u32(SIZE.setDrop);
  writeSetName(writer, name);
}

function membersSize(members: Members): number {
  const counts = countMembers(members);
  return counts.v4 * PREFIX4_SIZE + counts.v6 * PREFIX6_SIZE;
}
