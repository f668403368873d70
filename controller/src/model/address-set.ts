/** Address sets: named, shared lists of prefixes (proto/nsgate/v1/address_set.proto). */
import { countPrefixes, mergePrefixes, subtractPrefixes, type PackedPrefixes } from './packed-prefixes';
import type { Labels } from './selector';

/** A set as it stands in the store, without its members. */
export interface AddressSet {
  /** `addressSets/{address_set_id}`. */
  readonly name: string;
  /** Differs when a set of the same name is made anew. */
  readonly uid: string;
  readonly description: string;
  readonly labels: Labels;
  readonly memberCount: number;
  readonly createTime: Date;
  readonly updateTime: Date;
  /** The store's revision at its last change. */
  readonly revision: bigint;
}

/** What one change did to the members: what was really added and removed. */
export interface MembersDelta {
  readonly fromRevision: bigint;
  readonly revision: bigint;
  readonly added: PackedPrefixes;
  readonly removed: PackedPrefixes;
}

/** The members of a set. Never changed in place: whoever holds it may read it at any time. */
export interface SetContent {
  readonly name: string;
  readonly uid: string;
  /** The store's revision at the last change of members. */
  readonly revision: bigint;
  readonly members: PackedPrefixes;
  /** The last changes, oldest first, each beginning where the one before ended. */
  readonly journal: readonly MembersDelta[];
}

/** Changes that a journal holds, and prefixes in them together. */
const MAX_JOURNAL = 256;
const MAX_JOURNAL_PREFIXES = 1_000_000;

/** The journal with a change more, and without the oldest of what is too much. */
export function extendJournal(journal: readonly MembersDelta[], delta: MembersDelta): MembersDelta[] {
  const extended = [...journal, delta];
  let prefixes = extended.reduce((sum, one) => sum + deltaSize(one), 0);
  while (extended.length > MAX_JOURNAL || (prefixes > MAX_JOURNAL_PREFIXES && extended.length > 0)) {
    const oldest = extended.shift();
    prefixes -= oldest === undefined ? 0 : deltaSize(oldest);
  }
  return extended;
}

/** What changed from a revision to now, as one change; undefined when the journal does not reach so far back. */
export function deltaSince(content: SetContent, revision: bigint): MembersDelta | undefined {
  const start = content.journal.findIndex(({ fromRevision }) => fromRevision === revision);
  return start < 0 ? undefined : joinAll(content.journal.slice(start));
}

/** Changes that follow each other as one; undefined when there are none. */
export function joinAll(deltas: readonly MembersDelta[]): MembersDelta | undefined {
  const [first, ...rest] = deltas;
  return first && rest.reduce(joinDeltas, first);
}

/** The members after a change. */
export function applyDelta(
  members: PackedPrefixes,
  { added, removed }: Pick<MembersDelta, 'added' | 'removed'>,
): PackedPrefixes {
  return mergePrefixes(subtractPrefixes(members, removed), added);
}

/** The change that takes a change back. */
export function invertDelta({ fromRevision, revision, added, removed }: MembersDelta): MembersDelta {
  return { fromRevision: revision, revision: fromRevision, added: removed, removed: added };
}

/** How many prefixes a change names. */
export function deltaSize({ added, removed }: MembersDelta): number {
  return countPrefixes(added) + countPrefixes(removed);
}

/** Two changes as one. What one adds and the other removes, it leaves alone. */
function joinDeltas(first: MembersDelta, second: MembersDelta): MembersDelta {
  return {
    fromRevision: first.fromRevision,
    revision: second.revision,
    added: mergePrefixes(
      subtractPrefixes(first.added, second.removed),
      subtractPrefixes(second.added, first.removed),
    ),
    removed: mergePrefixes(
      subtractPrefixes(first.removed, second.added),
      subtractPrefixes(second.removed, first.added),
    ),
  };
}
