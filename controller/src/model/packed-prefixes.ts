/**
 * Many prefixes in few bytes: for each family one buffer of entries, sorted, none twice. An entry is the address in network
 * order and a byte for the length: 5 bytes for IPv4, 17 for IPv6, so that a million prefixes take 5 MB and the form in which they travel is
 * the form in which they are held. A change finds its places by galloping and binary search, and copies the ranges between.
 *
 * Worked example: the entries 0a000000|08 and c0000200|18 are 10.0.0.0/8 and 192.0.2.0/24; adding 10.0.0.0/16 (0a000000|10) finds
 * place 1, between them.
 */
import type { IpPrefix } from './ip-prefix';

export interface PackedPrefixes {
  readonly v4: Buffer;
  readonly v6: Buffer;
}

export const WIDTH4 = 5;
export const WIDTH6 = 17;

export const NO_PREFIXES: PackedPrefixes = { v4: Buffer.alloc(0), v6: Buffer.alloc(0) };

/** Packs prefixes in any order; one that stands there twice is there once. */
export function packPrefixes(prefixes: readonly IpPrefix[]): PackedPrefixes {
  const isV4 = ({ address }: IpPrefix): boolean => address.length === 4;
  return {
    v4: pack(prefixes.filter(isV4), WIDTH4),
    v6: pack(
      prefixes.filter((prefix) => !isV4(prefix)),
      WIDTH6,
    ),
  };
}

export function countPrefixes({ v4, v6 }: PackedPrefixes): number {
  return v4.length / WIDTH4 + v6.length / WIDTH6;
}

/** What is in either. */
export function mergePrefixes(a: PackedPrefixes, b: PackedPrefixes): PackedPrefixes {
  return {
    v4: splice(a.v4, b.v4, { width: WIDTH4, keepFound: true }),
    v6: splice(a.v6, b.v6, { width: WIDTH6, keepFound: true }),
  };
}

/** What is in the first and not in the second. */
export function subtractPrefixes(a: PackedPrefixes, b: PackedPrefixes): PackedPrefixes {
  return {
    v4: splice(a.v4, b.v4, { width: WIDTH4, keepFound: false }),
    v6: splice(a.v6, b.v6, { width: WIDTH6, keepFound: false }),
  };
}

/** What is in both. */
export function intersectPrefixes(a: PackedPrefixes, b: PackedPrefixes): PackedPrefixes {
  return { v4: common(a.v4, b.v4, WIDTH4), v6: common(a.v6, b.v6, WIDTH6) };
}

/** At most `limit` prefixes behind the one at an index, IPv4 first. */
export function slicePrefixes({ v4, v6 }: PackedPrefixes, start: number, limit: number): IpPrefix[] {
  const count4 = v4.length / WIDTH4;
  const indexes = Array.from({ length: Math.max(0, Math.min(limit, count4 + v6.length / WIDTH6 - start)) });
  return indexes.map((_, i) => {
    const index = start + i;
    return index < count4 ? entryAt(v4, index, WIDTH4) : entryAt(v6, index - count4, WIDTH6);
  });
}

/** How many prefixes come before this one, or are it. */
export function rankOf({ v4, v6 }: PackedPrefixes, prefix: IpPrefix): number {
  const entry = packEntry(prefix);
  if (entry.length === WIDTH4) return upperBound(v4, entry);
  return v4.length / WIDTH4 + upperBound(v6, entry);
}

function upperBound(entries: Buffer, entry: Buffer): number {
  const { index, found } = find(entries, { entry, offset: 0, width: entry.length, from: 0 });
  return found ? index + 1 : index;
}

function entryAt(entries: Buffer, index: number, width: number): IpPrefix {
  const at = index * width;
  return { address: entries.subarray(at, at + width - 1), length: entries[at + width - 1] ?? 0 };
}

function packEntry({ address, length }: IpPrefix): Buffer {
  return Buffer.from([...address, length]);
}

function pack(prefixes: readonly IpPrefix[], width: number): Buffer {
  const entries = prefixes.map(packEntry).sort((a, b) => a.compare(b));
  const distinct = entries.filter((entry, i) => i === 0 || entry.compare(entries[i - 1] ?? entry) !== 0);
  return Buffer.concat(distinct, distinct.length * width);
}

/** `base` with the entries of `changes` put in, or taken out. */
function splice(base: Buffer, changes: Buffer, how: { width: number; keepFound: boolean }): Buffer {
  const { width, keepFound } = how;
  if (changes.length === 0 || (base.length === 0 && !keepFound)) return base;
  const result = Buffer.allocUnsafe(base.length + (keepFound ? changes.length : 0));
  let [read, written] = [0, 0];
  for (let offset = 0; offset < changes.length; offset += width) {
    const { index, found } = find(base, { entry: changes, offset, width, from: read / width });
    written += base.copy(result, written, read, index * width);
    read = index * width;
    if (!keepFound && found) read += width;
    if (keepFound && !found) written += changes.copy(result, written, offset, offset + width);
  }
  written += base.copy(result, written, read);
  return result.subarray(0, written);
}

/** Looks up the entries of the shorter in the longer. */
function common(a: Buffer, b: Buffer, width: number): Buffer {
  const [few, many] = a.length < b.length ? [a, b] : [b, a];
  const result = Buffer.allocUnsafe(few.length);
  let [written, from] = [0, 0];
  for (let offset = 0; offset < few.length; offset += width) {
    const { index, found } = find(many, { entry: few, offset, width, from });
    if (found) written += few.copy(result, written, offset, offset + width);
    from = index;
  }
  return result.subarray(0, written);
}

interface Sought {
  /** The entry stands at this byte of the buffer. */
  readonly entry: Buffer;
  readonly offset: number;
  readonly width: number;
  /** No entry before this index is as great. */
  readonly from: number;
}

/** Where the entry stands among sorted ones, or would stand: found in leaps that double, so that near ones are found soon. */
function find(entries: Buffer, { entry, offset, width, from }: Sought): { index: number; found: boolean } {
  const count = entries.length / width;
  const head = entry.readUInt32BE(offset);
  const orderAt = (index: number): number => {
    const at = index * width;
    return entries.readUInt32BE(at) - head || entries.compare(entry, offset, offset + width, at, at + width);
  };
  let [low, high] = [from, from];
  for (let leap = 1; high < count && orderAt(high) < 0; leap *= 2) {
    low = high + 1;
    high += leap;
  }
  high = Math.min(high + 1, count);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = orderAt(middle);
    if (order === 0) return { index: middle, found: true };
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return { index: low, found: false };
}
