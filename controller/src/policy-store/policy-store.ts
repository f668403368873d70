/**
 * Where policies are kept: revisioned, watchable, written by compare-and-swap. Every driver passes policy-store.test.ts.
 */
import type { Policy, PolicyOrigin, PolicySpec } from '../model/policy';

/** What must stand in the store for a write to happen. */
export type Expectation =
  { readonly kind: 'absent' } | { readonly kind: 'revision'; readonly revision: bigint };

/** Who stores a change, and why, for the record. */
export interface ChangeNote {
  readonly author: string;
  readonly reason: string;
}

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

/** A conflict changed nothing, and tells what stands in the store instead of what was expected. */
export type PutResult =
  | { readonly outcome: 'stored'; readonly policy: Policy }
  | { readonly outcome: 'conflict'; readonly current: Policy | undefined };

export type RemoveResult =
  | { readonly outcome: 'removed'; readonly revision: bigint }
  | { readonly outcome: 'conflict'; readonly current: Policy | undefined };

/** Policies in order of name, all as they stood at one revision. */
export interface PolicyPage {
  readonly revision: bigint;
  readonly policies: readonly Policy[];
  /** Whether there are policies behind the last of these. */
  readonly more: boolean;
}

export interface PageRequest {
  /** Begin behind this name; everything when left out. */
  readonly after?: string;
  /** At most so many; all when left out. */
  readonly limit?: number;
  /** End before the stored form of the policies exceeds so many bytes, but not before the first. */
  readonly maxBytes?: number;
}

/** A change; `revision` is the store's after it. */
export type PolicyChange =
  | { readonly kind: 'put'; readonly revision: bigint; readonly policy: Policy }
  | { readonly kind: 'removed'; readonly revision: bigint; readonly name: string; readonly uid: string };

/**
 * Told to a watcher: first `snapshot` entries (or, when it resumes, the last change of each policy that changed since),
 * then `in-sync`, then each change as it is stored.
 */
export type WatchEvent =
  | { readonly kind: 'snapshot'; readonly policy: Policy }
  | PolicyChange
  | { readonly kind: 'in-sync'; readonly revision: bigint };

export interface WatchOptions {
  /** Only what changed after this revision; everything when left out. */
  readonly afterRevision?: bigint;
  /** Changes that may wait for the watcher before it is ended as too slow. 1024 when left out. */
  readonly queueLimit?: number;
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

/** One stored version of a policy. */
export interface PolicyVersion {
  readonly policy: Policy;
  readonly note: ChangeNote;
}

export interface PolicyStore {
  get(name: string): Promise<Policy | undefined>;
  list(request?: PageRequest): Promise<PolicyPage>;
  /** Stores the policy under a new revision, if what is expected stands there. */
  put(request: PutRequest): Promise<PutResult>;
  /** Removes the policy, if it is at the expected revision. */
  remove(request: RemoveRequest): Promise<RemoveResult>;
  /** Sees every change that is stored after this call returns. */
  watch(options?: WatchOptions): PolicyWatch;
  /** Every stored version of a policy (also one that was removed since), newest first. */
  versions(name: string): Promise<readonly PolicyVersion[]>;
  /** Ends all watches with `store-closed`. */
  close(): Promise<void>;
}
