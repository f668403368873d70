/** Pages of lists (AIP-158): sizes, and tokens that continue the list that they came from and no other. */
import { createHash } from 'node:crypto';
import type { Violations } from '../rpc/violations';

const SIZES = { defaultSize: 100, maxSize: 1000 };
const CHECK_BYTES = 8;

export interface PageFields {
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface Page {
  readonly size: number;
  /** Key of the last entry of the page before; undefined on the first page. */
  readonly after: readonly string[] | undefined;
}

/**
 * Reads page_size and page_token. `list` names the list and what narrows it: a token of another list is refused, and so
 * is anything that pageToken has not made.
 */
export function parsePage(
  { pageSize, pageToken }: PageFields,
  list: string,
  violations: Violations,
  { defaultSize, maxSize } = SIZES,
): Page {
  if (pageSize < 0) violations.add('page_size', `${pageSize} is negative`);
  const size = pageSize <= 0 ? defaultSize : Math.min(pageSize, maxSize);
  if (pageToken === '') return { size, after: undefined };
  const bytes = Buffer.from(pageToken, 'base64url');
  const key = bytes.subarray(CHECK_BYTES);
  const after = key.toString().split('\0');
  if (pageTokenAfter(after, list) !== pageToken) {
    violations.add('page_token', 'is not one that this list has given');
  }
  return { size, after };
}

/** The token that continues `list` behind the entry with this key. */
export function pageTokenAfter(key: readonly string[], list: string): string {
  const bytes = Buffer.from(key.join('\0'));
  const check = createHash('sha256').update(`${list}\0\0`).update(bytes).digest().subarray(0, CHECK_BYTES);
  return Buffer.concat([check, bytes]).toString('base64url');
}

interface Cut<Entry> {
  readonly size: number;
  /** As given to parsePage. */
  readonly list: string;
  readonly keyOf: (entry: Entry) => readonly string[];
}

/** A page out of one entry more than it may have, if there are so many. */
export function cutPage<Entry>(
  found: readonly Entry[],
  { size, list, keyOf }: Cut<Entry>,
): { page: readonly Entry[]; nextPageToken: string } {
  const page = found.slice(0, size);
  const last = page.at(-1);
  const more = found.length > size && last !== undefined;
  return { page, nextPageToken: more ? pageTokenAfter(keyOf(last), list) : '' };
}
