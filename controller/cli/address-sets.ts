/** `nsgate set` and address sets in files. */
import {
  AddressSet,
  ListAddressSetMembersRequest,
  ListAddressSetsRequest,
  ModifyAddressSetMembersRequest,
  UpdateAddressSetRequest,
} from '@nsgate/proto';
import { formatPrefix, parsePrefix } from '../src/model/ip-prefix';
import { allPages, call } from './call';
import { resourceName, type CommandContext } from './command-context';
import type { Connection } from './connection';
import { labelsText, type Listing } from './output';
import type { Resource } from './resource-file';

/** Members that one call may name. */
const BATCH = 100_000;

interface Change {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly reason: string;
}

/** Adds and removes members, in as many calls as it takes. */
export async function changeMembers(
  { connection, print }: CommandContext,
  name: string,
  change: Change,
): Promise<void> {
  const set = await modify(connection, resourceName('addressSets', name), change);
  if (set !== undefined) print(`${set.name} has ${set.memberCount} members at revision ${set.revision}`);
}

async function modify(
  { addressSets: client }: Connection,
  name: string,
  { add, remove, reason }: Change,
): Promise<AddressSet | undefined> {
  let set: AddressSet | undefined;
  const steps = [
    ...cut(remove).map((part) => ({ remove: part })),
    ...cut(add).map((part) => ({ add: part })),
  ];
  for (const step of steps.length === 0 ? [{}] : steps) {
    const request = ModifyAddressSetMembersRequest.fromPartial({ name, reason, ...step });
    set = await call(client.modifyAddressSetMembers.bind(client), request);
  }
  return set;
}

function cut(members: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < members.length; at += BATCH) parts.push(members.slice(at, at + BATCH));
  return parts;
}

/** Makes the set what the file says, members included. What came of it, in words. */
export async function applySet(
  { connection }: CommandContext,
  { addressSet, members }: Extract<Resource, { kind: 'AddressSet' }>,
  { dryRun, reason }: { dryRun: boolean; reason: string },
): Promise<string> {
  const { addressSets: client } = connection;
  const update = UpdateAddressSetRequest.fromPartial({
    addressSet,
    allowMissing: true,
    validateOnly: dryRun,
    reason,
  });
  const set = await call(client.updateAddressSet.bind(client), update);
  if (dryRun) return `${set.name} is valid`;
  const current = new Set(await listMembers(connection, set.name));
  const wanted = new Set(members.map(normalized));
  const change = {
    add: [...wanted].filter((member) => !current.has(member)),
    remove: [...current].filter((member) => !wanted.has(member)),
    reason,
  };
  const changed =
    change.add.length + change.remove.length > 0 ? await modify(connection, set.name, change) : set;
  return `${set.name} has ${changed?.memberCount ?? 0n} members at revision ${changed?.revision ?? 0n} (+${change.add.length} -${change.remove.length})`;
}

/** As the controller writes a member. */
function normalized(text: string): string {
  const parsed = parsePrefix(text);
  return parsed.ok ? formatPrefix(parsed.prefix) : text;
}

export function listMembers({ addressSets: client }: Connection, name: string): Promise<string[]> {
  return allPages(
    (pageToken) =>
      call(
        client.listAddressSetMembers.bind(client),
        ListAddressSetMembersRequest.fromPartial({ name, pageSize: 10_000, pageToken }),
      ),
    ({ members }) => members,
  );
}

export async function listSets(
  { addressSets: client }: Connection,
  name?: string,
  filter = '',
): Promise<Listing> {
  const sets =
    name === undefined
      ? await allPages(
          (pageToken) =>
            call(
              client.listAddressSets.bind(client),
              ListAddressSetsRequest.fromPartial({ pageToken, filter }),
            ),
          ({ addressSets }) => addressSets,
        )
      : [await call(client.getAddressSet.bind(client), { name: resourceName('addressSets', name) })];
  return {
    what: 'address sets',
    columns: ['NAME', 'MEMBERS', 'REVISION', 'LABELS', 'DESCRIPTION'],
    rows: sets.map((set) => [
      set.name,
      String(set.memberCount),
      String(set.revision),
      labelsText(set.labels),
      set.description,
    ]),
    json: sets.map((set) => ({ kind: 'AddressSet', ...(AddressSet.toJSON(set) as object) })),
    single: name !== undefined,
  };
}
