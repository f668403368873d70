/** Creating, changing and removing policies: what is checked against the store, and retried when it moved meanwhile. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { setsOf, type Policy, type PolicySpec } from '../model/policy';
import type { ChangeNote } from '../policy-store/change-note';
import type { PolicyStore, PutRequest } from '../policy-store/policy-store';
import type { Permit } from '../rpc/caller';
import type { Failsafe } from './failsafe';
import { policyEtag } from './policy-message';
import { alreadyExists, checkEtag, noSuchSet, notFound } from './resource-errors';
import { logChanges, writeAll, type Outcome, type Planned } from './store-transaction';

export interface WriteOptions {
  readonly note: ChangeNote;
  /** Asked before each change, with exactly what it replaces. */
  readonly permit: Permit;
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

export class PolicyWriter {
  constructor(
    private readonly store: PolicyStore,
    private readonly failsafe: Failsafe,
    private readonly logger: Logger,
  ) {}

  async create(spec: PolicySpec, options: WriteOptions): Promise<Written> {
    await this.#check(spec, options);
    if ((await this.store.get(spec.name)) !== undefined) throw alreadyExists(spec.name);
    options.permit.policy(spec.name, undefined, spec);
    if (options.validateOnly) return { kind: 'valid', spec };
    const result = await this.store.put(putOf(undefined, spec, options.note));
    if (result.outcome === 'conflict') throw alreadyExists(spec.name);
    if (result.outcome === 'no-such-set') throw noSuchSet(spec.name, result.set);
    const { policy } = result;
    logChanges(this.logger, options.note, [{ kind: 'put', policy, revision: policy.revision }]);
    return { kind: 'stored', policy };
  }

  /** `change` makes the new policy of what stands (undefined: nothing does); it throws for what is not valid. */
  async update(
    name: string,
    change: (current: Policy | undefined) => PolicySpec,
    options: UpdateOptions,
  ): Promise<Written> {
    const plan = async (): Promise<{ spec: PolicySpec; planned: Planned }> => {
      const current = await this.store.get(name);
      checkEtag(name, current === undefined ? '' : policyEtag(current), options.etag);
      if (current === undefined && !options.allowMissing) throw notFound(name);
      const spec = change(current);
      options.permit.policy(name, current, spec);
      await this.#check(spec, options);
      return { spec, planned: planPut(current, spec, options.note) };
    };
    if (options.validateOnly) return { kind: 'valid', spec: (await plan()).spec };
    const [outcome] = await this.#write(name, options.note, async () => [(await plan()).planned]);
    return { kind: 'stored', policy: policyOf(outcome) };
  }

  async remove(
    name: string,
    { etag, allowMissing, validateOnly, note, permit }: RemoveOptions,
  ): Promise<void> {
    const plan = async (): Promise<Planned[]> => {
      const current = await this.store.get(name);
      if (current === undefined && allowMissing) return [];
      if (current === undefined) throw notFound(name);
      permit.policy(name, current, undefined);
      checkEtag(name, policyEtag(current), etag);
      return [{ kind: 'write', write: { kind: 'remove', name, revision: current.revision, note } }];
    };
    if (validateOnly) await plan();
    else await this.#write(name, note, plan);
  }

  /** What cannot be seen from the policy alone. */
  async #check(spec: PolicySpec, { force }: WriteOptions): Promise<void> {
    for (const set of setsOf(spec)) {
      if ((await this.store.addressSets.get(set)) === undefined) throw noSuchSet(spec.name, set);
    }
    if (!force) this.failsafe.check(spec);
  }

  async #write(what: string, note: ChangeNote, plan: () => Promise<Planned[]>): Promise<readonly Outcome[]> {
    const { changes } = await writeAll(this.store, { what, plan });
    logChanges(this.logger, note, changes);
    return changes;
  }
}

/** The policy that stands after a change. */
export function policyOf(change: Outcome | undefined): Policy {
  if (change?.kind === 'put' || change?.kind === 'policy-unchanged') return change.policy;
  throw new Error('a change of a policy has stored something else');
}

/** A change that changes nothing stores nothing. */
export function planPut(current: Policy | undefined, spec: PolicySpec, note: ChangeNote): Planned {
  if (current !== undefined) {
    const { uid, createTime, updateTime, revision } = current;
    if (isDeepStrictEqual({ ...spec, uid, createTime, updateTime, revision }, current)) {
      return { kind: 'settled', outcome: { kind: 'policy-unchanged', policy: current } };
    }
  }
  return { kind: 'write', write: { kind: 'put', ...putOf(current, spec, note) } };
}

function putOf(current: Policy | undefined, spec: PolicySpec, note: ChangeNote): PutRequest {
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
  return { policy: { ...spec, ...origin }, expect, note };
}
