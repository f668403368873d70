/**
 * Where policies are kept: revisioned, watchable, written by compare-and-swap. Every driver passes policy-store.test.ts.
 */
import type { Policy, PolicyHead, PolicyOrigin, PolicySpec } from '../model/policy';
import type {
  AddressSetStore,
  SetChange,
  SetRefusal,
  SetSnapshot,
  SetUnchanged,
  SetWriteRequest,
} from './address-set-store';
import type { ChangeNote, HistoryRequest } from './change-note';

/** What must stand in the store for a write to happen. */
export type Expectation =
  { readonly kind: 'absent' } | { readonly kind: 'revision'; readonly revision: bigint };

export interface PutRequest {
  readonly policy: PolicySpec & PolicyOrigin;
  readonly expect: Expectation;
  readonly note: ChangeNote;
}

export interface RemoveRequest {
  readonly name: string;
  /** The revision that the policy must be at. */
  readonly revision: bigint;
  readonly note: ChangeNote;
}

/** One change of a transaction to a policy. */
export type PolicyWriteRequest =
  ({ readonly kind: 'put' } & PutRequest) | ({ readonly kind: 'remove' } & RemoveRequest);

/** One change of a transaction. */
export type WriteRequest = PolicyWriteRequest | SetWriteRequest;

/** Why a write changed nothing: what stands in the store instead of what was expected, or a set that is not there. */
export type PolicyRefusal =
  | { readonly outcome: 'conflict'; readonly current: Policy | undefined }
  | { readonly outcome: 'no-such-set'; readonly set: string };

export type WriteRefusal = PolicyRefusal | SetRefusal;

export type PutResult = { readonly outcome: 'stored'; readonly policy: Policy } | PolicyRefusal;

export type RemoveResult =
  | { readonly outcome: 'removed'; readonly revision: bigint }
  | { readonly outcome: 'conflict'; readonly current: Policy | undefined };

/** All changes in the order of the requests, each under a revision of its own, or (`index`: of the first that could not be) none. */
export type WriteResult =
  | { readonly outcome: 'stored'; readonly changes: readonly WriteChange[]; readonly revision: bigint }
  | (WriteRefusal & { readonly index: number });

/** Policies in the order that was asked for, all as they stood at one revision. */
export interface PolicyPage {
  readonly revision: bigint;
  readonly policies: readonly Policy[];
  /** Whether there are policies behind the last of these. */
  readonly more: boolean;
}

export interface PageRequest {
  /** Begin behind the policy with this key; everything when left out. */
  readonly after?: ListKey;
  /** By name when left out. */
  readonly order?: ListOrder;
  /** Only those; all when left out. */
  readonly where?: (head: PolicyHead) => boolean;
  /** At most so many; all when left out. */
  readonly limit?: number;
  /** End before the stored form of the policies exceeds so many bytes, but not before the first. */
  readonly maxBytes?: number;
}

/** In what order to list; policies that are equal in it stand in order of name. */
export interface ListOrder {
  readonly by: 'name' | 'priority' | 'revision' | 'update-time';
  readonly descending: boolean;
}

/** Where a policy stands in a list: what it is ordered by (0 for its name), and its name. */
export interface ListKey {
  readonly value: number;
  readonly name: string;
}

/** A change; `revision` is the store's after it. */
export type PolicyChange =
  | { readonly kind: 'put'; readonly revision: bigint; readonly policy: Policy }
  | { readonly kind: 'removed'; readonly revision: bigint; readonly name: string; readonly uid: string };

export interface WriteOptions {
  readonly dryRun?: boolean;
}

/** What one request of a transaction has come to. */
export type WriteChange = PolicyChange | SetChange | SetUnchanged;

/**
 * Told to a watcher: first `snapshot` entries (or, when it resumes, the last change of each resource that changed since),
 * then `in-sync`, then each change as it is stored.
 */
export type WatchEvent =
  | { readonly kind: 'snapshot'; readonly policy: Policy }
  | PolicyChange
  | SetSnapshot
  | SetChange
  | { readonly kind: 'in-sync'; readonly revision: bigint };

/** What is written and watched. */
export type ResourceKind = 'policy' | 'address-set';

export interface WatchOptions {
  /** Only what changed after this revision; everything when left out. */
  readonly afterRevision?: bigint;
  /** Changes that may wait for the watcher before it is ended as too slow. 1024 when left out. */
  readonly queueLimit?: number;
  /** Policies only when left out. Sets are told of before the policies that name them. */
  readonly kinds?: readonly ResourceKind[];
}

/** Iterate once. Iteration throws WatchEnded when the watch cannot go on. */
export interface PolicyWatch extends AsyncIterable<WatchEvent> {
  /** Ends the iteration, now or later; nothing is thrown. */
  close(): void;
}

/**
 * Why a watch ended: `too-slow`: its queue was full; `compacted`: the revision to resume from is not held (any more);
 * `store-closed`. After the first two the watcher starts over, without a revision after `compacted`.
 */
export class WatchEnded extends Error {
  override readonly name = 'WatchEnded';

  constructor(readonly why: 'too-slow' | 'compacted' | 'store-closed') {
    super(`the watch of policies ended: ${why}`);
  }
}

/** The store cannot be reached, or cannot store (a full disk). What was asked for has not happened. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** One stored version of a policy, or (without one) its removal. */
export interface PolicyVersion {
  readonly revision: bigint;
  readonly policy: Policy | undefined;
  readonly note: ChangeNote;
  readonly time: Date;
}

export interface PolicyStore {
  /** Sets live beside policies, under the same revisions, so that none is removed that a policy names. */
  readonly addressSets: AddressSetStore;
  get(name: string): Promise<Policy | undefined>;
  list(request?: PageRequest): Promise<PolicyPage>;
  /** Stores the policy under a new revision, if what is expected stands there and every set that it names. */
  put(request: PutRequest): Promise<PutResult>;
  /** Removes the policy, if it is at the expected revision. */
  remove(request: RemoveRequest): Promise<RemoveResult>;
  /** Does all, in order, or nothing; with `dryRun` tells what it would come to, and does nothing. */
  write(requests: readonly WriteRequest[], options?: WriteOptions): Promise<WriteResult>;
  /** Sees every change that is stored after this call returns. */
  watch(options?: WatchOptions): PolicyWatch;
  /** The versions of a policy that are held, and its removals (also of one that is gone), newest first. */
  history(request: HistoryRequest): Promise<readonly PolicyVersion[]>;
  /** One of them. */
  version(name: string, revision: bigint): Promise<PolicyVersion | undefined>;
  /** Ends all watches with `store-closed`. */
  close(): Promise<void>;
}
