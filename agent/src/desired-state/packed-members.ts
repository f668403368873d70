/**
 * Lists of prefixes, packed as Members documents it, sorted by their bytes, none twice: a million of them are five megabytes, and a
 * change of ten costs ten searches and the copying of what lies between. Pure.
 */
import type { Members } from '../kernel-device';

/** Bytes of one member: its address and its length. */
export const MEMBER_SIZE = { v4: 5, v6: 17 } as const;

const EMPTY = new Uint8Array(0);
export const NO_MEMBERS: Members = { v4: EMPTY, v6: EMPTY };

export interface MemberChange {
  add: Members;
  remove: Members;
}

/** What is wrong with a packed list; undefined when nothing is. */
export function faultOfMembers(packed: Uint8Array, size: number): string | undefined {
  if (packed.length % size !== 0) return `${packed.length} bytes are no whole number of members`;
  for (let at = 0; at < packed.length; at += size) {
    const fault = faultOfMember(packed, at, size) ?? faultOfOrder(packed, at, size);
    if (fault !== undefined) return `member ${at / size} ${fault}`;
  }
  return undefined;
}

function faultOfMember(packed: Uint8Array, at: number, size: number): string | undefined {
  const bits = (size - 1) * 8;
  const length = packed[at + size - 1] ?? 0;
  if (length > bits) return `has ${length} bits, more than its address`;
  for (let byte = length >> 3; byte < size - 1; byte++) {
    const beyond = byte === length >> 3 ? 0xff >> (length & 7) : 0xff;
    if (((packed[at + byte] ?? 0) & beyond) !== 0) return `has bits set beyond its length of ${length}`;
  }
  return undefined;
}

function faultOfOrder(packed: Uint8Array, at: number, size: number): string | undefined {
  if (at === 0 || compare(packed, at - size, packed, at, size) < 0) return undefined;
  return 'does not come after the one before it';
}

/** The members after a change. What is added and removed must be sorted as well. */
export function changeMembers(members: Members, { add, remove }: MemberChange): Members {
  return {
    v4: changeList(members.v4, { add: add.v4, remove: remove.v4 }, MEMBER_SIZE.v4),
    v6: changeList(members.v6, { add: add.v6, remove: remove.v6 }, MEMBER_SIZE.v6),
  };
}

/** Several changes, oldest first, as one that leads to the same members from wherever the first began. */
export function mergeChanges(changes: readonly MemberChange[]): MemberChange {
  const v4 = mergeLists(
    changes.map(({ add, remove }) => ({ add: add.v4, remove: remove.v4 })),
    MEMBER_SIZE.v4,
  );
  const v6 = mergeLists(
    changes.map(({ add, remove }) => ({ add: add.v6, remove: remove.v6 })),
    MEMBER_SIZE.v6,
  );
  return { add: { v4: v4.add, v6: v6.add }, remove: { v4: v4.remove, v6: v6.remove } };
}

/** Whether a member is to be added and removed by one change. */
export function contradicts({ add, remove }: MemberChange): boolean {
  return overlaps(add.v4, remove.v4, MEMBER_SIZE.v4) || overlaps(add.v6, remove.v6, MEMBER_SIZE.v6);
}

function overlaps(a: Uint8Array, b: Uint8Array, size: number): boolean {
  const members = new Set(split(a, size).map(hex));
  return split(b, size).some((one) => members.has(hex(one)));
}

interface ListChange {
  add: Uint8Array;
  remove: Uint8Array;
}

/** The last word on each member counts. */
function mergeLists(changes: readonly ListChange[], size: number): ListChange {
  const last = new Map<string, 'add' | 'remove'>();
  for (const { add, remove } of changes) {
    for (const one of split(add, size)) last.set(hex(one), 'add');
    for (const one of split(remove, size)) last.set(hex(one), 'remove');
  }
  const pack = (what: 'add' | 'remove'): Uint8Array =>
    Buffer.from(
      [...last]
        .filter(([, word]) => word === what)
        .map(([member]) => member)
        .sort()
        .join(''),
      'hex',
    );
  return { add: pack('add'), remove: pack('remove') };
}

function changeList(list: Uint8Array, { add, remove }: ListChange, size: number): Uint8Array {
  if (add.length + remove.length === 0) return list;
  const steps = [
    ...split(add, size).map((member) => ({ member, isAdded: true })),
    ...split(remove, size).map((member) => ({ member, isAdded: false })),
  ].sort((a, b) => Buffer.compare(a.member, b.member));
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { member, isAdded } of steps) {
    const at = lowerBound(list, member, size);
    const isThere = at < list.length && compare(list, at, member, 0, size) === 0;
    parts.push(list.subarray(from, at));
    if (isAdded) parts.push(member);
    from = isThere ? at + size : at;
  }
  parts.push(list.subarray(from));
  return Buffer.concat(parts);
}

/** Offset of the first member that is not before `member`. */
function lowerBound(list: Uint8Array, member: Uint8Array, size: number): number {
  let low = 0;
  let high = list.length / size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(list, middle * size, member, 0, size) < 0) low = middle + 1;
    else high = middle;
  }
  return low * size;
}

// eslint-disable-next-line max-params -- two places in two lists, without making an object for each of a million
function compare(a: Uint8Array, atA: number, b: Uint8Array, atB: number, size: number): number {
  for (let byte = 0; byte < size; byte++) {
    const difference = (a[atA + byte] ?? 0) - (b[atB + byte] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function split(packed: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: packed.length / size }, (_, index) =>
    packed.subarray(index * size, (index + 1) * size),
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
