/** What a file's address set would change of the one that stands, and how that is told. */
import { status } from '@grpc/grpc-js';
import { RpcError, type AddressSet, type AddressSetApplication, type FieldChange } from '@nsgate/proto';
import { formatPrefix, parsePrefix } from '../src/model/ip-prefix';
import { listMembers } from './address-sets';
import { call } from './call';
import type { Connection } from './connection';
import { changesText } from './field-changes';
import { paint } from './output';
import type { Resource } from './resource-file';

export type SetResource = Extract<Resource, { kind: 'AddressSet' }>;

export interface SetPlan {
  readonly resource: SetResource;
  readonly current: AddressSet | undefined;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** Members that one call may name. */
export const MEMBERS_A_CALL = 100_000;
const SHOWN = 10;

/** A file that says nothing of members leaves them as they are. */
export async function planSet(connection: Connection, resource: SetResource): Promise<SetPlan> {
  const { addressSet, members } = resource;
  const current = await currentSet(connection, addressSet.name);
  if (members === undefined) return { resource, current, add: [], remove: [] };
  const held = new Set(current === undefined ? [] : await listMembers(connection, addressSet.name));
  const wanted = new Set(members.map(normalized));
  return {
    resource,
    current,
    add: [...wanted].filter((member) => !held.has(member)),
    remove: [...held].filter((member) => !wanted.has(member)),
  };
}

/** As the controller writes a member. */
function normalized(text: string): string {
  const parsed = parsePrefix(text);
  return parsed.ok ? formatPrefix(parsed.prefix) : text;
}

async function currentSet({ addressSets }: Connection, name: string): Promise<AddressSet | undefined> {
  try {
    return await call(addressSets.getAddressSet.bind(addressSets), { name });
  } catch (error) {
    if (error instanceof RpcError && error.code === status.NOT_FOUND) return undefined;
    throw error;
  }
}

/** Whether the plan changes anything. */
export function isChange({ current, resource: { addressSet }, add, remove }: SetPlan): boolean {
  return (
    current === undefined || add.length + remove.length > 0 || textChanges(current, addressSet).length > 0
  );
}

/** Lines that tell what would change. */
export function planText(plan: SetPlan, colours: boolean): string[] {
  const { current, add, remove, resource } = plan;
  const { addressSet } = resource;
  if (current === undefined) {
    return [`${paint(`+ ${addressSet.name}`, 'green', colours)} is new, with ${add.length} members`];
  }
  if (!isChange(plan)) return [`= ${addressSet.name} is as it stands`];
  return [
    `${paint(`~ ${addressSet.name}`, 'yellow', colours)} changes: +${add.length} -${remove.length} members`,
    ...changesText(textChanges(current, addressSet), colours),
    ...memberLines(remove, '-').map((line) => paint(line, 'red', colours)),
    ...memberLines(add, '+').map((line) => paint(line, 'green', colours)),
  ];
}

function memberLines(members: readonly string[], sign: string): string[] {
  const shown = members.slice(0, SHOWN).map((member) => `  ${sign} ${member}`);
  const more = members.length - shown.length;
  return more > 0 ? [...shown, `  ${sign} … and ${more} more`] : shown;
}

function textChanges(before: AddressSet, after: AddressSet): FieldChange[] {
  return (['description', 'labels'] as const).flatMap((path) => {
    const [a, b] = [textOf(before[path]), textOf(after[path])];
    return a === b ? [] : [{ path, before: a, after: b }];
  });
}

function textOf(value: string | Record<string, string>): string {
  if (typeof value === 'string') return value === '' ? '' : JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? '' : JSON.stringify(Object.fromEntries(entries));
}

/**
 * The plans in as many calls as their members take: one, unless they are many. Only the first that speaks of a set holds it to what
 * was read, since the others come after changes of our own.
 */
export function inCalls(plans: readonly SetPlan[]): AddressSetApplication[][] {
  const calls: AddressSetApplication[][] = [[]];
  let room = MEMBERS_A_CALL;
  for (const { resource, current, add, remove } of plans) {
    const etag = resource.addressSet.etag || (current?.etag ?? '');
    let next = { addressSet: { ...resource.addressSet, etag }, add: [...add], remove: [...remove] };
    while (next.add.length + next.remove.length > room) {
      const removed = next.remove.splice(0, room);
      const added = next.add.splice(0, room - removed.length);
      calls.at(-1)?.push({ ...next, add: added, remove: removed, replace: false });
      calls.push([]);
      next = { ...next, addressSet: { ...next.addressSet, etag: '' } };
      room = MEMBERS_A_CALL;
    }
    calls.at(-1)?.push({ ...next, replace: false });
    room -= next.add.length + next.remove.length;
  }
  return calls;
}
