/** nsgate.v1.AddressSetService. */
import { randomUUID } from 'node:crypto';
import {
  AddressSetServiceService,
  type AddressSet as SetMessage,
  type CreateAddressSetRequest,
  type DeleteAddressSetRequest,
  type ListAddressSetMembersRequest,
  type ListAddressSetMembersResponse,
  type ListAddressSetsRequest,
  type ListAddressSetsResponse,
  type ModifyAddressSetMembersRequest,
  type RollbackAddressSetRequest,
  type UpdateAddressSetRequest,
  type WatchAddressSetsRequest,
  type WatchAddressSetsResponse,
} from '@nsgate/proto';
import type { AddressSet, SetContent } from '../model/address-set';
import { formatPrefix, parsePrefix } from '../model/ip-prefix';
import { countPrefixes, rankOf, slicePrefixes } from '../model/packed-prefixes';
import { isPolicyId, POLICY_ID_FORM } from '../model/resource-name';
import { selectsHost } from '../model/selector';
import { WatchEnded, type PolicyStore } from '../policy-store/policy-store';
import type { Caller } from '../rpc/caller';
import { offerService, type CallContext, type OfferedService } from '../rpc/service';
import { quote, Violations } from '../rpc/violations';
import { AddressSetWriter } from './address-set-writer';
import { diffSetRevisions, formerSet, getSetRevision, listSetRevisions } from './address-set-history';
import {
  MEMBERS_PAGE,
  parseMembers,
  parseSetMask,
  parseSetText,
  setMessage,
  setWatchMessage,
} from './address-set-message';
import { asOf, noteOf } from './change-note';
import { checkAddressSetName, checkRevision, checkText, parseFilter } from './field-parsers';
import { cutPage, pageTokenAfter, parsePage } from './page';
import { notFound } from './resource-errors';
import { watchError } from './watch-error';

/** Offers the sets in the store to operators. */
export function addressSetService(store: PolicyStore): OfferedService {
  const writer = new AddressSetWriter(store.addressSets);
  return offerService(AddressSetServiceService, {
    createAddressSet: (request, { caller }) => createSet(writer, request, caller),
    getAddressSet: async ({ name }) => setMessage(await knownSet(store, name)),
    listAddressSets: (request) => listSets(store, request),
    updateAddressSet: (request, { caller }) => updateSet(writer, request, caller),
    listAddressSetMembers: (request) => listMembers(store, request),
    modifyAddressSetMembers: (request, { caller }) => modifyMembers(writer, request, caller),
    deleteAddressSet: (request, { caller }) => deleteSet(writer, request, caller),
    listAddressSetRevisions: (request) => listSetRevisions(store, request),
    getAddressSetRevision: (request) => getSetRevision(store, request),
    diffAddressSetRevisions: (request) => diffSetRevisions(store, request),
    rollbackAddressSet: (request, { caller }) => rollback({ store, writer }, request, caller),
    watchAddressSets: (request, context) => watchSets(store, request, context),
  });
}

async function knownSet(store: PolicyStore, name: string): Promise<AddressSet> {
  const violations = new Violations();
  checkAddressSetName(name, 'name', violations);
  violations.throwIfAny();
  const set = await store.addressSets.get(name);
  if (set === undefined) throw notFound(name);
  return set;
}

async function createSet(
  writer: AddressSetWriter,
  request: CreateAddressSetRequest,
  caller: Caller,
): Promise<SetMessage> {
  const violations = new Violations();
  const name = createdName(request, violations);
  const { description, labels } = parseSetText(request.addressSet, 'address_set', violations);
  const members = parseMembers({ members: request.members }, violations).members;
  checkText(request.reason, 'reason', violations);
  violations.throwIfAny();
  const set = { name, uid: randomUUID(), description, labels };
  const { validateOnly } = request;
  return setMessage(
    await writer.create(
      { set, members, note: noteOf(caller, request.reason) },
      { validateOnly, permit: caller.permit },
    ),
  );
}

/** The name that address_set_id and address_set.name, of which one suffices, agree on. */
function createdName({ addressSetId, addressSet }: CreateAddressSetRequest, violations: Violations): string {
  const given = addressSet?.name ?? '';
  if (addressSetId === '') {
    checkAddressSetName(given, 'address_set.name', violations);
    return given;
  }
  const name = `addressSets/${addressSetId}`;
  if (!isPolicyId(addressSetId))
    violations.add('address_set_id', `${quote(addressSetId)} is not ${POLICY_ID_FORM}`);
  else if (given !== '' && given !== name) {
    violations.add('address_set_id', `says ${name}, and address_set.name says ${quote(given)}`);
  }
  return name;
}

async function updateSet(
  writer: AddressSetWriter,
  { addressSet, updateMask, allowMissing, validateOnly, reason }: UpdateAddressSetRequest,
  caller: Caller,
): Promise<SetMessage> {
  const violations = new Violations();
  if (addressSet === undefined) {
    violations.add('address_set', 'is required');
    throw violations.toError();
  }
  checkAddressSetName(addressSet.name, 'address_set.name', violations);
  const text = parseSetText(addressSet, 'address_set', violations);
  const mask = parseSetMask(updateMask, violations);
  checkText(reason, 'reason', violations);
  violations.throwIfAny();
  const { note, permit } = asOf(caller, reason);
  const change = {
    name: addressSet.name,
    ...(mask.has('description') && { description: text.description }),
    ...(mask.has('labels') && { labels: text.labels }),
    note,
  };
  const missing = allowMissing ? { name: addressSet.name, uid: randomUUID(), ...text } : undefined;
  return setMessage(await writer.change(change, { etag: addressSet.etag, validateOnly, missing, permit }));
}

async function modifyMembers(
  writer: AddressSetWriter,
  { name, etag, add, remove, validateOnly, reason }: ModifyAddressSetMembersRequest,
  caller: Caller,
): Promise<SetMessage> {
  const violations = new Violations();
  checkAddressSetName(name, 'name', violations);
  const lists = parseMembers({ add, remove }, violations);
  checkText(reason, 'reason', violations);
  violations.throwIfAny();
  const change = { name, add: lists.add, remove: lists.remove, note: noteOf(caller, reason) };
  return setMessage(await writer.change(change, { etag, validateOnly, permit: caller.permit }));
}

async function deleteSet(
  writer: AddressSetWriter,
  { name, etag, allowMissing, validateOnly, reason }: DeleteAddressSetRequest,
  caller: Caller,
): Promise<object> {
  const violations = new Violations();
  checkAddressSetName(name, 'name', violations);
  checkText(reason, 'reason', violations);
  violations.throwIfAny();
  await writer.remove(name, { etag, allowMissing, validateOnly, ...asOf(caller, reason) });
  return {};
}

async function listSets(
  store: PolicyStore,
  request: ListAddressSetsRequest,
): Promise<ListAddressSetsResponse> {
  const violations = new Violations();
  const list = `address sets ${request.filter}`;
  const { size, after } = parsePage(request, list, violations);
  const selector = parseFilter(request.filter, 'filter', violations);
  violations.throwIfAny();
  const { revision, sets } = await store.addressSets.list();
  const found = sets.filter(({ name, labels }) => name > (after?.[0] ?? '') && selectsHost(selector, labels));
  const { page, nextPageToken } = cutPage(found, { size, list, keyOf: ({ name }) => [name] });
  return { addressSets: page.map(setMessage), nextPageToken, revision };
}

/** The token carries the last member: a set that changes meanwhile is read on from behind it. */
async function listMembers(
  store: PolicyStore,
  request: ListAddressSetMembersRequest,
): Promise<ListAddressSetMembersResponse> {
  const violations = new Violations();
  const list = `members of ${request.name} at ${request.revision}`;
  checkAddressSetName(request.name, 'name', violations);
  if (request.revision !== 0n) checkRevision(request.revision, 'revision', violations);
  const { size, after } = parsePage(request, list, violations, MEMBERS_PAGE);
  violations.throwIfAny();
  const { members, revision } = await membersOf(store, request);
  const last = after === undefined ? undefined : parsePrefix(after[0] ?? '');
  const start = last?.ok === true ? rankOf(members, last.prefix) : 0;
  const page = slicePrefixes(members, start, size).map(formatPrefix);
  const more = start + page.length < countPrefixes(members);
  return { members: page, nextPageToken: more ? pageTokenAfter([page.at(-1) ?? ''], list) : '', revision };
}

async function membersOf(
  { addressSets }: PolicyStore,
  { name, revision }: Pick<ListAddressSetMembersRequest, 'name' | 'revision'>,
): Promise<Pick<SetContent, 'members' | 'revision'>> {
  if (revision === 0n) {
    const content = await addressSets.content(name);
    if (content === undefined) throw notFound(name);
    return content;
  }
  const members = await addressSets.membersAt(name, revision);
  if (members === undefined) throw notFound(`version ${revision} of ${name}`);
  return { members, revision };
}

async function rollback(
  { store, writer }: { store: PolicyStore; writer: AddressSetWriter },
  request: RollbackAddressSetRequest,
  caller: Caller,
): Promise<SetMessage> {
  const { name, revision, etag, validateOnly, reason } = request;
  const { set, members } = await formerSet(store, request);
  const { note, permit } = asOf(caller, reason === '' ? `rolled back to revision ${revision}` : reason);
  return setMessage(await writer.restore({ name, set, members, note }, { etag, validateOnly, permit }));
}

async function* watchSets(
  store: PolicyStore,
  { afterRevision }: WatchAddressSetsRequest,
  { signal }: CallContext,
): AsyncGenerator<WatchAddressSetsResponse> {
  const watch = store.watch({ kinds: ['address-set'], ...(afterRevision !== 0n && { afterRevision }) });
  signal.addEventListener('abort', () => watch.close(), { once: true });
  if (signal.aborted) watch.close();
  try {
    for await (const event of watch) {
      const message = setWatchMessage(event);
      if (message !== undefined) yield message;
    }
  } catch (error) {
    throw error instanceof WatchEnded ? watchError(error, afterRevision) : error;
  } finally {
    watch.close();
  }
}
