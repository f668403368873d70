/** `nsgate history`, `diff` and `rollback` of address sets. */
import {
  AddressSetRevision,
  DeleteAddressSetRequest,
  DiffAddressSetRevisionsRequest,
  ListAddressSetRevisionsRequest,
  RollbackAddressSetRequest,
  type AddressSet,
  type DiffAddressSetRevisionsResponse,
} from '@nsgate/proto';
import { allPages, call } from './call';
import type { CommandContext } from './command-context';
import type { Connection } from './connection';
import { CommandError } from './exit-code';
import { changesText } from './field-changes';
import { paint, type Listing, wholeJson } from './output';

export async function listSetHistory({ addressSets: client }: Connection, name: string): Promise<Listing> {
  const revisions = await allPages(
    (pageToken) =>
      call(
        client.listAddressSetRevisions.bind(client),
        ListAddressSetRevisionsRequest.fromPartial({ name, pageSize: 1000, pageToken }),
      ),
    (response) => response.revisions,
  );
  return {
    what: 'revisions',
    columns: ['REVISION', 'TIME', 'AUTHOR', 'MEMBERS', 'ADDED', 'REMOVED', 'REASON'],
    rows: revisions.map((one) => [
      String(one.revision),
      one.time?.toISOString() ?? '',
      one.author,
      one.removed ? 'removed' : String(one.addressSet?.memberCount ?? 0n),
      ...[one.addedCount, one.removedCount].map(String),
      one.reason,
    ]),
    json: revisions.map((one) => wholeJson('AddressSetRevision', AddressSetRevision.encode(one).finish())),
  };
}

/** How two versions differ, members included. */
export async function diffSetRevisions(
  { connection: { addressSets: client }, print, colours }: CommandContext,
  name: string,
  { fromRevision, toRevision }: { fromRevision: bigint; toRevision: bigint },
): Promise<void> {
  const range = { name, fromRevision, toRevision, pageSize: 10_000 };
  let differs = false;
  let page: DiffAddressSetRevisionsResponse | undefined;
  while (page?.nextPageToken !== '') {
    const request = DiffAddressSetRevisionsRequest.fromPartial({ ...range, pageToken: page?.nextPageToken });
    page = await call(client.diffAddressSetRevisions.bind(client), request);
    const { changes, added, removed } = page;
    for (const line of changesText(changes, colours)) print(line);
    for (const member of added) print(paint(`+ ${member}`, 'green', colours));
    for (const member of removed) print(paint(`- ${member}`, 'red', colours));
    differs ||= changes.length + added.length + removed.length > 0;
  }
  if (differs) throw new CommandError('differs', '');
}

export async function rollbackSet(
  { connection: { addressSets: client }, print }: CommandContext,
  name: string,
  { revision, reason, dryRun }: { revision: bigint; reason: string; dryRun: boolean },
): Promise<void> {
  const request = RollbackAddressSetRequest.fromPartial({ name, revision, reason, validateOnly: dryRun });
  const set: AddressSet = await call(client.rollbackAddressSet.bind(client), request);
  print(
    dryRun
      ? `${name} can go back to revision ${revision}, with ${set.memberCount} members`
      : `${name} has ${set.memberCount} members at revision ${set.revision}`,
  );
}

export async function deleteSet(
  { connection: { addressSets: client }, print }: CommandContext,
  name: string,
  { reason, ignoreMissing }: { reason: string; ignoreMissing: boolean },
): Promise<void> {
  const request = DeleteAddressSetRequest.fromPartial({ name, reason, allowMissing: ignoreMissing });
  await call(client.deleteAddressSet.bind(client), request);
  print(`${name} is deleted`);
}
