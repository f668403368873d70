/** Creating, changing and removing policies: what is checked against the store, and retried when it moved meanwhile. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { setsOf, type Policy, type PolicySpec } from '../model/policy';
import type { ChangeNote } from '../policy-store/change-note';
import type { PolicyStore, WriteRequest } from '../policy-store/policy-store';
import type { Failsafe } from './failsafe';
import { policyEtag } from './policy-message';
import { alreadyExists, checkEtag, contended, noSuchSet, notFound } from './resource-errors';

/** How often a write without an etag is tried against a store that others write to. */
const MAX_TRIES = 16;

export interface WriteOptions {
  readonly note: ChangeNote;
  /** Check everything, store nothing. */
  readonly validateOnly: boolean;
  /** Store what the failsafe would refuse. */
  readonly force: boolean;
}

/** Empty etag: any. */
export interface UpdateOptions extends WriteOptions {
  readonly etag: string;
  readonly allowMissing: boolean;
}

export type RemoveOptions = Omit<UpdateOptions, 'force'>;

/** What stands in the store afterwards, or, with validateOnly, what would. */
export type Written =
  | { readonly kind: 'stored'; readonly policy: Policy }
  | { readonly kind: 'valid'; readonly spec: PolicySpec };

/** What is wanted of one policy in a batch. */
export type BatchItem =
  | { readonly kind: 'apply'; readonly spec: PolicySpec; readonly etag: string }
  | { readonly kind: 'remove'; readonly name: string };

/** One change to try; undefined when what stands is what is wanted. */
type Planned = { readonly current: Policy | undefined; readonly write: WriteRequest | undefined };

export class PolicyWriter {
  constructor(
    private readonly store: PolicyStore,
    private readonly failsafe: Failsafe,
    private readonly logger: Logger,
  ) {}

  async create(spec: PolicySpec, options: WriteOptions): Promise<Written> {
    await this.#check(spec, options);
    if ((await this.store.get(spec.name)) !== undefined) throw alreadyExists(spec.name);
    if (options.validateOnly) return { kind: 'valid', spec };
    const result = await this.store.write([putOf(undefined, spec, options.note)]);
    if (result.outcome === 'conflict') throw alreadyExists(spec.name);
    if (result.outcome === 'no-such-set') throw noSuchSet(spec.name, result.set);
    this.#log(options.note, result.changes);
    return { kind: 'stored', policy: { ...storedOf(result.changes[0]) } };
  }

  /** `change` makes the new policy of what stands (undefined: nothing does); it throws for what is not valid. */
  async update(
    name: string,
    change: (current: Policy | undefined) => PolicySpec,
    options: UpdateOptions,
  ): Promise<Written> {
    const plan = async (): Promise<Planned & { spec: PolicySpec }> => {
      const current = await this.store.get(name);
      checkEtag(name, current === undefined ? '' : policyEtag(current), options.etag);
      if (current === undefined && !options.allowMissing) throw notFound(name);
      const spec = change(current);
      await this.#check(spec, options);
      return { spec, ...planPut(current, spec, options.note) };
    };
    if (options.validateOnly) return { kind: 'valid', spec: (await plan()).spec };
    const [policy] = await this.#tryAll(name, options.note, async () => [await plan()]);
    if (policy === undefined) throw notFound(name);
    return { kind: 'stored', policy };
  }

  async remove(name: string, { etag, allowMissing, validateOnly, note }: RemoveOptions): Promise<void> {
    const plan = async (): Promise<Planned[]> => {
      const current = await this.store.get(name);
      if (current === undefined && allowMissing) return [];
      if (current === undefined) throw notFound(name);
      checkEtag(name, policyEtag(current), etag);
      return [{ current, write: { kind: 'remove', name, revision: current.revision, note } }];
    };
    if (validateOnly) await plan();
    else await this.#tryAll(name, note, plan);
  }

  /** All of it, or nothing. What stands afterwards, in order, without what was removed. */
  async batch(items: readonly BatchItem[], options: WriteOptions): Promise<Written[]> {
    const { note } = options;
    const plan = (): Promise<Planned[]> => Promise.all(items.map((item) => this.#planItem(item, options)));
    const specs = items.flatMap((item) => (item.kind === 'apply' ? [item.spec] : []));
    if (options.validateOnly) {
      await plan();
      return specs.map((spec) => ({ kind: 'valid', spec }));
    }
    const policies = await this.#tryAll('one of the policies', note, plan);
    return policies.flatMap((policy) => (policy === undefined ? [] : [{ kind: 'stored', policy }]));
  }

  async #planItem(item: BatchItem, options: WriteOptions): Promise<Planned> {
    const { note } = options;
    if (item.kind === 'remove') {
      const current = await this.store.get(item.name);
      if (current === undefined) throw notFound(item.name);
      return { current, write: { kind: 'remove', name: item.name, revision: current.revision, note } };
    }
    const current = await this.store.get(item.spec.name);
    checkEtag(item.spec.name, current === undefined ? '' : policyEtag(current), item.etag);
    await this.#check(item.spec, options);
    return planPut(current, item.spec, note);
  }

  /** Plans and writes until nothing has moved in between. What stands afterwards of each; undefined for what was removed. */
  async #tryAll(
    what: string,
    note: ChangeNote,
    plan: () => Promise<Planned[]>,
  ): Promise<(Policy | undefined)[]> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const planned = await plan();
      const writes = planned.flatMap(({ write }) => (write === undefined ? [] : [write]));
      const result = await this.store.write(writes);
      if (result.outcome === 'conflict') continue;
      if (result.outcome === 'no-such-set') {
        const write = writes[result.index];
        throw noSuchSet(write?.kind === 'put' ? write.policy.name : what, result.set);
      }
      this.#log(note, result.changes);
      const changes = result.changes[Symbol.iterator]();
      return planned.map(({ current, write }) => {
        if (write === undefined) return current;
        const change = changes.next().value;
        return change?.kind === 'put' ? change.policy : undefined;
      });
    }
    throw contended(what);
  }

  /** What cannot be seen from the policy alone. */
  async #check(spec: PolicySpec, { force }: WriteOptions): Promise<void> {
    for (const set of setsOf(spec)) {
      if ((await this.store.addressSets.get(set)) === undefined) throw noSuchSet(spec.name, set);
    }
    if (!force) this.failsafe.check(spec);
  }

  #log(note: ChangeNote, changes: readonly Change[]): void {
    for (const change of changes) {
      const policy = change.kind === 'put' ? change.policy.name : change.name;
      this.logger.info(
        { policy, revision: change.revision, ...note },
        `policy ${change.kind === 'put' ? 'stored' : 'removed'}`,
      );
    }
  }
}

type Change = Extract<Awaited<ReturnType<PolicyStore['write']>>, { outcome: 'stored' }>['changes'][number];

function storedOf(change: Change | undefined): Policy {
  if (change?.kind !== 'put') throw new Error('a put has stored something else');
  return change.policy;
}

/** A change that changes nothing stores nothing. */
function planPut(current: Policy | undefined, spec: PolicySpec, note: ChangeNote): Planned {
  if (current !== undefined) {
    const { uid, createTime, updateTime, revision } = current;
    if (isDeepStrictEqual({ ...spec, uid, createTime, updateTime, revision }, current)) {
      return { current, write: undefined };
    }
  }
  return { current, write: putOf(current, spec, note) };
}

function putOf(current: Policy | undefined, spec: PolicySpec, note: ChangeNote): WriteRequest {
  const now = new Date();
  const origin = {
    uid: current?.uid ?? randomUUID(),
    createTime: current?.createTime ?? now,
    updateTime: now,
  };
  const expect =
    current === undefined
      ? { kind: 'absent' as const }
      : { kind: 'revision' as const, revision: current.revision };
  return { kind: 'put', policy: { ...spec, ...origin }, expect, note };
}
