/** Many changes of policies and address sets as one transaction. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { AddressSet } from '../model/address-set';
import { subtractPrefixes, type PackedPrefixes } from '../model/packed-prefixes';
import type { Policy, PolicySpec } from '../model/policy';
import { isAddressSetName } from '../model/resource-name';
import type { PolicyStore, WriteRequest } from '../policy-store/policy-store';
import { setEtag } from './address-set-message';
import type { Failsafe } from './failsafe';
import { policyEtag } from './policy-message';
import { planPut, policyOf, type WriteOptions } from './policy-writer';
import { checkEtag, notFound } from './resource-errors';
import { logChanges, writeAll, type Outcome, type Planned } from './store-transaction';

/** Empty etag: any. */
export interface PolicyItem {
  readonly spec: PolicySpec;
  readonly etag: string;
}

/** Empty etag: any. */
export interface SetItem {
  readonly set: Pick<AddressSet, 'name' | 'description' | 'labels'>;
  readonly etag: string;
  readonly add: PackedPrefixes;
  readonly remove: PackedPrefixes;
  /** Every member that `add` does not name is removed. */
  readonly replace: boolean;
}

/** What is wanted; no name stands in it twice. */
export interface Batch {
  readonly policies: readonly PolicyItem[];
  readonly sets: readonly SetItem[];
  /** Names of policies and of sets. */
  readonly deletions: readonly string[];
}

/** What stands afterwards, or would, in the order of the batch. */
export interface BatchResult {
  readonly policies: readonly Policy[];
  readonly sets: readonly AddressSet[];
  readonly revision: bigint;
}

export interface BatchWriterOptions {
  readonly store: PolicyStore;
  readonly failsafe: Failsafe;
  readonly logger: Logger;
}

export class BatchWriter {
  constructor(private readonly options: BatchWriterOptions) {}

  /** All of it, or nothing. */
  async write(batch: Batch, options: WriteOptions): Promise<BatchResult> {
    const { validateOnly: dryRun, note } = options;
    const plan = (): Promise<Planned[]> => this.#plan(batch, options);
    const what = 'one of the resources';
    const { changes, revision } = await writeAll(this.options.store, { what, plan, dryRun });
    if (!dryRun) logChanges(this.options.logger, note, changes);
    const sets = changes.slice(0, batch.sets.length);
    const policies = changes.slice(batch.sets.length, batch.sets.length + batch.policies.length);
    return { policies: policies.map(policyOf), sets: sets.map(setOf), revision };
  }

  /** Sets before the policies that name them, and gone after those that did. */
  #plan({ policies, sets, deletions }: Batch, options: WriteOptions): Promise<Planned[]> {
    const inOrder = [...deletions].sort((a, b) => Number(isAddressSetName(a)) - Number(isAddressSetName(b)));
    return Promise.all([
      ...sets.map((item) => this.#planSet(item, options)),
      ...policies.map((item) => this.#planPolicy(item, options)),
      ...inOrder.map((name) => this.#planDeletion(name, options)),
    ]);
  }

  async #planPolicy({ spec, etag }: PolicyItem, { note, force, permit }: WriteOptions): Promise<Planned> {
    const current = await this.options.store.get(spec.name);
    permit.policy(spec.name, current, spec);
    checkEtag(spec.name, current === undefined ? '' : policyEtag(current), etag);
    if (!force) this.options.failsafe.check(spec);
    return planPut(current, spec, note);
  }

  async #planSet(
    { set, etag, add, remove, replace }: SetItem,
    { note, permit }: WriteOptions,
  ): Promise<Planned> {
    const { addressSets } = this.options.store;
    const current = await addressSets.get(set.name);
    const after = { ...current, ...set, add, remove };
    permit.addressSet(set.name, current, after);
    checkEtag(set.name, current === undefined ? '' : setEtag(current), etag);
    if (current === undefined) {
      return write({ kind: 'set-create', set: { ...set, uid: randomUUID() }, members: add, note });
    }
    const content = await addressSets.content(set.name);
    const gone = replace && content !== undefined ? subtractPrefixes(content.members, add) : remove;
    return write({ kind: 'set-change', ...set, revision: current.revision, add, remove: gone, note });
  }

  async #planDeletion(name: string, { note, permit }: WriteOptions): Promise<Planned> {
    const { store } = this.options;
    if (isAddressSetName(name)) {
      const set = await store.addressSets.get(name);
      if (set === undefined) throw notFound(name);
      permit.addressSet(name, set, undefined);
      return write({ kind: 'set-remove', name, revision: set.revision, note });
    }
    const policy = await store.get(name);
    if (policy === undefined) throw notFound(name);
    permit.policy(name, policy, undefined);
    return write({ kind: 'remove', name, revision: policy.revision, note });
  }
}

function write(request: WriteRequest): Planned {
  return { kind: 'write', write: request };
}

function setOf(change: Outcome): AddressSet {
  if (change.kind === 'set-put' || change.kind === 'set-unchanged') return change.set;
  throw new Error('a change of a set has stored something else');
}
