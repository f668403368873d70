/** The stored versions of address sets: listed, read, compared, and brought back. */
import {
  type AddressSetRevision,
  type DiffAddressSetRevisionsRequest,
  type DiffAddressSetRevisionsResponse,
  type FieldChange,
  type GetAddressSetRevisionRequest,
  type ListAddressSetRevisionsRequest,
  type ListAddressSetRevisionsResponse,
  type RollbackAddressSetRequest,
} from '@nsgate/proto';
import { isDeepStrictEqual } from 'node:util';
import type { AddressSet, MembersDelta } from '../model/address-set';
import { formatPrefix } from '../model/ip-prefix';
import { countPrefixes, slicePrefixes, type PackedPrefixes } from '../model/packed-prefixes';
import type { SetVersion } from '../policy-store/address-set-store';
import type { PolicyStore } from '../policy-store/policy-store';
import { Violations } from '../rpc/violations';
import { MEMBERS_PAGE, setMessage } from './address-set-message';
import { checkAddressSetName, checkRevision, checkText } from './field-parsers';
import { pageTokenAfter, parsePage } from './page';
import { notFound } from './resource-errors';

export async function listSetRevisions(
  { addressSets }: PolicyStore,
  request: ListAddressSetRevisionsRequest,
): Promise<ListAddressSetRevisionsResponse> {
  const violations = new Violations();
  const list = `revisions of ${request.name}`;
  checkAddressSetName(request.name, 'name', violations);
  const { size, after } = parsePage(request, list, violations);
  violations.throwIfAny();
  const before = after === undefined ? undefined : BigInt(after[0] ?? 0);
  const found = await addressSets.history({ name: request.name, limit: size + 1, ...(before && { before }) });
  if (found.length === 0 && before === undefined) throw notFound(`version of ${request.name}`);
  const page = found.slice(0, size);
  const last = found.length > size ? page.at(-1) : undefined;
  return {
    revisions: page.map(revisionMessage),
    nextPageToken: last === undefined ? '' : pageTokenAfter([String(last.revision)], list),
  };
}

export async function getSetRevision(
  store: PolicyStore,
  { name, revision }: GetAddressSetRevisionRequest,
): Promise<AddressSetRevision> {
  const violations = new Violations();
  checkAddressSetName(name, 'name', violations);
  checkRevision(revision, 'revision', violations);
  violations.throwIfAny();
  return revisionMessage(await heldVersion(store, name, revision));
}

export async function diffSetRevisions(
  store: PolicyStore,
  request: DiffAddressSetRevisionsRequest,
): Promise<DiffAddressSetRevisionsResponse> {
  const { name, fromRevision, toRevision } = request;
  const violations = new Violations();
  checkAddressSetName(name, 'name', violations);
  checkRevision(fromRevision, 'from_revision', violations);
  if (toRevision !== 0n) checkRevision(toRevision, 'to_revision', violations);
  const list = `changes of ${name} from ${fromRevision} to ${toRevision}`;
  const { size, after } = parsePage(request, list, violations, MEMBERS_PAGE);
  violations.throwIfAny();
  const before = await heldVersion(store, name, fromRevision);
  // A token names the version that it goes on with: what is stored meanwhile changes no page.
  const now = await heldVersion(store, name, after === undefined ? toRevision : BigInt(after[1] ?? 0));
  const delta = await store.addressSets.changesBetween(name, before.revision, now.revision);
  if (delta === undefined) throw notFound(`version ${before.revision} of ${name}`);
  const start = Number(after?.[0] ?? 0);
  const page = slice(delta, start, size);
  const end = start + page.added.length + page.removed.length;
  const [addedCount, removedCount] = [countPrefixes(delta.added), countPrefixes(delta.removed)];
  const more = end < addedCount + removedCount;
  return {
    changes: after === undefined ? diffTexts(before.set, now.set) : [],
    ...page,
    addedCount: BigInt(addedCount),
    removedCount: BigInt(removedCount),
    nextPageToken: more ? pageTokenAfter([String(end), String(now.revision)], list) : '',
  };
}

/** What was added, and behind it what was removed. */
function slice(
  { added, removed }: MembersDelta,
  start: number,
  size: number,
): { added: string[]; removed: string[] } {
  const head = slicePrefixes(added, start, size);
  const behind = Math.max(0, start - countPrefixes(added));
  const tail = slicePrefixes(removed, behind, size - head.length);
  return { added: head.map(formatPrefix), removed: tail.map(formatPrefix) };
}

function diffTexts(before: AddressSet | undefined, after: AddressSet | undefined): FieldChange[] {
  return (['description', 'labels'] as const).flatMap((path) => {
    const [a, b] = [valueOf(before, path), valueOf(after, path)];
    return isDeepStrictEqual(a, b) ? [] : [{ path, before: textOf(a), after: textOf(b) }];
  });
}

/** Undefined for what says nothing. */
function valueOf(set: AddressSet | undefined, field: 'description' | 'labels'): string | object | undefined {
  if (field === 'description') return set?.description === '' ? undefined : set?.description;
  return set === undefined || set.labels.size === 0 ? undefined : Object.fromEntries(set.labels);
}

function textOf(value: string | object | undefined): string {
  return value === undefined ? '' : JSON.stringify(value);
}

/** What stood at a version, and is to stand again. */
export async function formerSet(
  store: PolicyStore,
  { name, revision, reason }: RollbackAddressSetRequest,
): Promise<{ set: AddressSet; members: PackedPrefixes }> {
  const violations = new Violations();
  checkAddressSetName(name, 'name', violations);
  checkRevision(revision, 'revision', violations);
  checkText(reason, 'reason', violations);
  violations.throwIfAny();
  const { set } = await heldVersion(store, name, revision);
  if (set === undefined) throw notFound(`set in version ${revision} of ${name}: there it was removed`);
  const members = await store.addressSets.membersAt(name, revision);
  if (members === undefined) throw notFound(`version ${revision} of ${name}`);
  return { set, members };
}

/** 0: the newest. */
async function heldVersion(
  { addressSets }: PolicyStore,
  name: string,
  revision: bigint,
): Promise<SetVersion> {
  const [newest] = revision === 0n ? await addressSets.history({ name, limit: 1 }) : [];
  const version = newest ?? (await addressSets.version(name, revision));
  if (version === undefined) throw notFound(`version ${revision} of ${name}`);
  return version;
}

function revisionMessage({ set, added, removed, note, revision, time }: SetVersion): AddressSetRevision {
  return {
    addressSet: set && setMessage(set),
    author: note.author,
    reason: note.reason,
    revision,
    time,
    removed: set === undefined,
    addedCount: BigInt(added),
    removedCount: BigInt(removed),
  };
}
