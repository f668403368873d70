/** Address sets between the model and their messages. */
import { createHash } from 'node:crypto';
import type { AddressSet as SetMessage, WatchAddressSetsResponse } from '@nsgate/proto';
import type { AddressSet } from '../model/address-set';
import { formatPrefix, parsePrefix, type IpPrefix } from '../model/ip-prefix';
import {
  countPrefixes,
  intersectPrefixes,
  packPrefixes,
  slicePrefixes,
  type PackedPrefixes,
} from '../model/packed-prefixes';
import type { WatchEvent } from '../policy-store/policy-store';
import { parseLabels } from '../rpc/label-parser';
import { quote, type Violations } from '../rpc/violations';
import { checkText } from './field-parsers';

/** Members that one call may name. */
export const MAX_MEMBER_CHANGES = 100_000;
/** Of members. */
export const MEMBERS_PAGE = { defaultSize: 1000, maxSize: 10_000 };

export function setMessage(set: AddressSet): SetMessage {
  const { labels, memberCount, ...fields } = set;
  return {
    ...fields,
    labels: Object.fromEntries(labels),
    memberCount: BigInt(memberCount),
    etag: setEtag(set),
  };
}

/** Opaque to clients: another for every stored change of every set that ever had the name. */
export function setEtag({ uid, revision }: Pick<AddressSet, 'uid' | 'revision'>): string {
  return createHash('sha256').update(`${uid}/${revision}`).digest('base64url').slice(0, 16);
}

/** As watchMessage of policies. */
export function setWatchMessage(event: WatchEvent): WatchAddressSetsResponse | undefined {
  switch (event.kind) {
    case 'set-snapshot':
      return { event: { $case: 'addressSet', value: setMessage(event.set) }, revision: 0n };
    case 'set-put':
      return { event: { $case: 'addressSet', value: setMessage(event.set) }, revision: event.revision };
    case 'set-removed': {
      const { name, uid, revision } = event;
      return { event: { $case: 'removal', value: { name, uid } }, revision };
    }
    case 'in-sync':
      return { event: { $case: 'inSync', value: {} }, revision: event.revision };
    case 'snapshot':
    case 'put':
    case 'removed':
      return undefined;
  }
}

/** Lists of prefixes by their fields, which stand within `parent`. None may stand in two of them. */
export function parseMembers<Field extends string>(
  lists: Readonly<Record<Field, readonly string[]>>,
  violations: Violations,
  parent = '',
): Record<Field, PackedPrefixes> {
  const path = (field: string): string => (parent === '' ? field : `${parent}.${field}`);
  const entries = Object.entries(lists) as [Field, readonly string[]][];
  const count = entries.reduce((sum, [, texts]) => sum + texts.length, 0);
  const names = entries.map(([field]) => field).join(' and ');
  if (count > MAX_MEMBER_CHANGES) {
    violations.add(
      path(entries[0]?.[0] ?? ''),
      `${names} have ${count} entries; at most ${MAX_MEMBER_CHANGES} in one call`,
    );
    return Object.fromEntries(entries.map(([field]) => [field, packPrefixes([])])) as Record<
      Field,
      PackedPrefixes
    >;
  }
  const packed = entries.map(
    ([field, texts]) => [field, packPrefixes(parseList(texts, path(field), violations))] as const,
  );
  const [[, first] = [], [field, second] = []] = packed;
  if (first !== undefined && second !== undefined && field !== undefined) {
    const both = intersectPrefixes(first, second);
    const [example] = slicePrefixes(both, 0, 1);
    if (countPrefixes(both) > 0 && example)
      violations.add(path(field), `${formatPrefix(example)} stands in ${names}`);
  }
  return Object.fromEntries(packed) as Record<Field, PackedPrefixes>;
}

function parseList(texts: readonly string[], field: string, violations: Violations): IpPrefix[] {
  return texts.flatMap((text, i) => {
    const parsed = parsePrefix(text);
    if (parsed.ok) return [parsed.prefix];
    violations.add(`${field}[${i}]`, `${quote(text)} ${parsed.problem}`);
    return [];
  });
}

/** What is said about a set. */
export function parseSetText(
  message: SetMessage | undefined,
  field: string,
  violations: Violations,
): Pick<AddressSet, 'description' | 'labels'> {
  const { description = '', labels = {} } = message ?? {};
  checkText(description, `${field}.description`, violations);
  return { description, labels: parseLabels(labels, `${field}.labels`, violations) };
}

type WritableField = 'description' | 'labels';
const IGNORED: readonly string[] = [
  'name',
  'uid',
  'etag',
  'revision',
  'member_count',
  'create_time',
  'update_time',
];

/** Which fields of a set an update takes. */
export function parseSetMask(
  paths: readonly string[] | undefined,
  violations: Violations,
): ReadonlySet<WritableField> {
  const all = new Set<WritableField>(['description', 'labels']);
  if (paths === undefined || paths.length === 0 || (paths.length === 1 && paths[0] === '*')) return all;
  const taken = paths.flatMap((path, i): WritableField[] => {
    if (path === 'description' || path === 'labels') return [path];
    if (!IGNORED.includes(path)) {
      violations.add(`update_mask.paths[${i}]`, `${quote(path)} is none of description, labels, nor * alone`);
    }
    return [];
  });
  return new Set(taken);
}
