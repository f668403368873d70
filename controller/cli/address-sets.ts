/** `nsgate set`, and lists of address sets and their members. */
import {
  AddressSet,
  ListAddressSetMembersRequest,
  ListAddressSetsRequest,
  ModifyAddressSetMembersRequest,
} from '@nsgate/proto';
import { allPages, call } from './call';
import { resourceName, type CommandContext } from './command-context';
import type { Connection } from './connection';
import { labelsText, type Listing } from './output';

/** Members that one call may name. */
const BATCH = 100_000;

interface Change {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly reason: string;
}

/** Adds and removes members, in as many calls as it takes. */
export async function changeMembers(
  { connection: { addressSets: client }, print }: CommandContext,
  name: string,
  { add, remove, reason }: Change,
): Promise<void> {
  let set: AddressSet | undefined;
  const steps = [
    ...cut(remove).map((part) => ({ remove: part })),
    ...cut(add).map((part) => ({ add: part })),
  ];
  const fullName = resourceName('addressSets', name);
  for (const step of steps.length === 0 ? [{}] : steps) {
    const request = ModifyAddressSetMembersRequest.fromPartial({ name: fullName, reason, ...step });
    set = await call(client.modifyAddressSetMembers.bind(client), request);
  }
  if (set !== undefined) print(`${set.name} has ${set.memberCount} members at revision ${set.revision}`);
}

function cut(members: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < members.length; at += BATCH) parts.push(members.slice(at, at + BATCH));
  return parts;
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
              ListAddressSetsRequest.fromPartial({ pageToken, filter, pageSize: 1000 }),
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
