/** Where address sets are kept, beside the policies that name them: see policy-store.ts. */
import type { AddressSet, MembersDelta, SetContent } from '../model/address-set';
import type { PackedPrefixes } from '../model/packed-prefixes';
import type { Labels } from '../model/selector';
import type { ChangeNote, HistoryRequest } from './change-note';

export interface CreateSetRequest {
  readonly set: Pick<AddressSet, 'name' | 'uid' | 'description' | 'labels'>;
  readonly members: PackedPrefixes;
  readonly note: ChangeNote;
}

/** What is wanted of a set; fields that are left out stay. */
export interface ChangeSetRequest {
  readonly name: string;
  /** The revision that the set must be at; undefined: any. */
  readonly revision: bigint | undefined;
  readonly description?: string;
  readonly labels?: Labels;
  /** None of them stands in `remove`, too. */
  readonly add?: PackedPrefixes;
  readonly remove?: PackedPrefixes;
  readonly note: ChangeNote;
}

export interface RemoveSetRequest {
  readonly name: string;
  /** The revision that the set must be at; undefined: any. */
  readonly revision: bigint | undefined;
  readonly note: ChangeNote;
}

/** One change of a transaction. */
export type SetWriteRequest =
  | ({ readonly kind: 'set-create' } & CreateSetRequest)
  | ({ readonly kind: 'set-change' } & ChangeSetRequest)
  | ({ readonly kind: 'set-remove' } & RemoveSetRequest);

/** What stands in the store instead of what was expected. Nothing was changed. */
interface SetConflict {
  readonly outcome: 'conflict';
  readonly current: AddressSet | undefined;
}

/** A bound was hit. Nothing was changed. */
interface TooMany {
  readonly outcome: 'too-many';
  readonly what: string;
}

export type SetResult = { readonly outcome: 'stored'; readonly set: AddressSet } | SetConflict | TooMany;

/** Some of the policies that name the set. Nothing was changed. */
interface InUse {
  readonly outcome: 'in-use';
  readonly policies: readonly string[];
}

export type RemoveSetResult =
  { readonly outcome: 'removed'; readonly revision: bigint } | SetConflict | InUse;

/** Why a change of a set was not made. */
export type SetRefusal =
  { readonly outcome: 'set-conflict'; readonly current: AddressSet | undefined } | TooMany | InUse;

/** Told to watchers before the in-sync mark. */
export interface SetSnapshot {
  readonly kind: 'set-snapshot';
  readonly set: AddressSet;
  readonly content: SetContent;
}

/** Told to watchers as it is stored. */
export type SetChange =
  | {
      readonly kind: 'set-put';
      readonly revision: bigint;
      readonly set: AddressSet;
      readonly content: SetContent;
    }
  | { readonly kind: 'set-removed'; readonly revision: bigint; readonly name: string; readonly uid: string };

/** What a change that changes nothing comes to. */
export interface SetUnchanged {
  readonly kind: 'set-unchanged';
  readonly set: AddressSet;
}

/** One stored version of a set, or (without one) its removal. */
export interface SetVersion {
  readonly revision: bigint;
  readonly set: AddressSet | undefined;
  /** Members that the change really added and removed. */
  readonly added: number;
  readonly removed: number;
  readonly note: ChangeNote;
  readonly time: Date;
}

/** Sets that a store holds. */
export const MAX_SETS = 4096;
/** Members of one set: what the kernel module takes. */
export const MAX_MEMBERS = 2_097_152;

export interface AddressSetStore {
  get(name: string): Promise<AddressSet | undefined>;
  /** All, in order of name, and the store's revision. */
  list(): Promise<{ readonly revision: bigint; readonly sets: readonly AddressSet[] }>;
  content(name: string): Promise<SetContent | undefined>;
  /** A conflict when there is one of that name. */
  create(request: CreateSetRequest): Promise<SetResult>;
  /** A change that changes nothing stores nothing. */
  change(request: ChangeSetRequest): Promise<SetResult>;
  remove(request: RemoveSetRequest): Promise<RemoveSetResult>;
  /** The versions of a set that are held, and its removals (also of one that is gone), newest first. */
  history(request: HistoryRequest): Promise<readonly SetVersion[]>;
  /** One of them. */
  version(name: string, revision: bigint): Promise<SetVersion | undefined>;
  /** What happened to the members between two versions that are held (in either order), as one change; undefined when one is not. */
  changesBetween(name: string, from: bigint, to: bigint): Promise<MembersDelta | undefined>;
  /** The members as they stood at a version that is held. */
  membersAt(name: string, revision: bigint): Promise<PackedPrefixes | undefined>;
}
