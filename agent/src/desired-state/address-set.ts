/** An address set as the agent holds it: a named list of prefixes that rules refer to. */
import { createHash } from 'node:crypto';
import type { Members } from '../kernel-device';
import { changeMembers, mergeChanges, type MemberChange } from './packed-members';

export interface AddressSet {
  /** `addressSets/{address_set_id}`. */
  readonly name: string;
  /** Another when a set of the same name is made anew. */
  readonly uid: string;
  readonly revision: bigint;
  readonly members: Members;
  /** What led here from earlier revisions, oldest first, as far back as it is remembered. */
  readonly changes: readonly SetChange[];
}

export interface SetChange extends MemberChange {
  readonly from: bigint;
  /** The revision after. */
  readonly revision: bigint;
}

/** Beyond this, the kernel is given the whole set: what it takes to remember more is better spent on that. */
const MAX_CHANGES = 64;
const MAX_CHANGED_BYTES = 1 << 20;

/** The set's name in the kernel, which has room for 63 bytes: the id. Undefined for what is no set's name. */
export function kernelSetName(name: string): string | undefined {
  return /^addressSets\/([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)$/.exec(name)?.[1];
}

/**
 * The number by which the kernel knows a set's content. Not the revision alone: a controller whose store was made anew counts from
 * the start again, and would give another content the number of one that the kernel holds already.
 */
export function kernelSetVersion({ uid, revision }: Pick<AddressSet, 'uid' | 'revision'>): bigint {
  return createHash('sha256').update(`${uid}\0${revision}`).digest().readBigUInt64BE();
}

/** The set after a change that begins where it is. */
export function changeSet(set: AddressSet, change: SetChange): AddressSet {
  return {
    ...set,
    revision: change.revision,
    members: changeMembers(set.members, change),
    changes: remembered([...set.changes, change]),
  };
}

/** What brings the kernel from a version that it holds to this one; undefined when that is not remembered. */
export function changeFrom(set: AddressSet, kernelVersion: bigint): MemberChange | undefined {
  const first = set.changes.findIndex(
    ({ from }) => kernelSetVersion({ uid: set.uid, revision: from }) === kernelVersion,
  );
  return first === -1 ? undefined : mergeChanges(set.changes.slice(first));
}

function remembered(changes: SetChange[]): SetChange[] {
  let bytes = 0;
  let first = changes.length;
  while (first > 0 && changes.length - first < MAX_CHANGES) {
    bytes += sizeOf(changes[first - 1]);
    if (bytes > MAX_CHANGED_BYTES) break;
    first -= 1;
  }
  return changes.slice(first);
}

function sizeOf(change: SetChange | undefined): number {
  if (change === undefined) return 0;
  const { add, remove } = change;
  return add.v4.length + add.v6.length + remove.v4.length + remove.v6.length;
}
