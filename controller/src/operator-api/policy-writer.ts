/** Creating, changing and removing policies: what is checked against the store, and retried when it moved meanwhile. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { Logger } from 'pino';
import type { Policy, PolicySpec } from '../model/policy';
import { quote } from '../rpc/violations';
import type { ChangeNote, PolicyStore } from '../policy-store/policy-store';
import { policyEtag } from './policy-message';

/** How often a write without an etag is tried against a store that others write to. */
const MAX_TRIES = 16;

export interface WriteOptions {
  readonly note: ChangeNote;
  /** Check everything, store nothing. */
  readonly validateOnly: boolean;
}

export interface UpdateOptions extends WriteOptions {
  /** Empty for any. */
  readonly etag: string;
  readonly allowMissing: boolean;
}

/** What stands in the store afterwards, or, with validateOnly, what would. */
export type Written =
  | { readonly kind: 'stored'; readonly policy: Policy }
  | { readonly kind: 'valid'; readonly spec: PolicySpec };

export class PolicyWriter {
  constructor(
    private readonly store: PolicyStore,
    private readonly logger: Logger,
  ) {}

  async create(spec: PolicySpec, { note, validateOnly }: WriteOptions): Promise<Written> {
    if (validateOnly) {
      if ((await this.store.get(spec.name)) !== undefined) throw alreadyExists(spec.name);
      return { kind: 'valid', spec };
    }
    const policy = await this.#insert(spec, note);
    if (policy === undefined) throw alreadyExists(spec.name);
    return { kind: 'stored', policy };
  }

  /** `change` makes the new policy of what stands (undefined: nothing does); it throws for what is not valid. */
  async update(
    name: string,
    change: (current: Policy | undefined) => PolicySpec,
    options: UpdateOptions,
  ): Promise<Written> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const current = await this.store.get(name);
      checkEtag(name, current, options.etag);
      if (current === undefined && !options.allowMissing) throw notFound(name);
      const spec = change(current);
      if (options.validateOnly) return { kind: 'valid', spec };
      const policy = await (current === undefined
        ? this.#insert(spec, options.note)
        : this.#replace(current, spec, options.note));
      if (policy !== undefined) return { kind: 'stored', policy };
    }
    throw contended(name);
  }

  async remove(name: string, { etag, allowMissing, validateOnly, note }: UpdateOptions): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const current = await this.store.get(name);
      if (current === undefined && allowMissing) return;
      if (current === undefined) throw notFound(name);
      checkEtag(name, current, etag);
      if (validateOnly) return;
      const result = await this.store.remove({ name, revision: current.revision, note });
      if (result.outcome === 'removed') {
        this.logger.info({ policy: name, revision: result.revision, ...note }, 'policy removed');
        return;
      }
    }
    throw contended(name);
  }

  /** Undefined when a policy of the name is there. */
  async #insert(spec: PolicySpec, note: ChangeNote): Promise<Policy | undefined> {
    const now = new Date();
    const policy = { ...spec, uid: randomUUID(), createTime: now, updateTime: now };
    const result = await this.store.put({ policy, expect: { kind: 'absent' }, note });
    if (result.outcome === 'conflict') return undefined;
    this.#logStored('policy created', result.policy, note);
    return result.policy;
  }

  /** Undefined when the store has moved on. A change that changes nothing stores nothing. */
  async #replace(current: Policy, spec: PolicySpec, note: ChangeNote): Promise<Policy | undefined> {
    const { uid, createTime, updateTime, revision } = current;
    if (isDeepStrictEqual({ ...spec, uid, createTime, updateTime, revision }, current)) return current;
    const policy = { ...spec, uid, createTime, updateTime: new Date() };
    const result = await this.store.put({ policy, expect: { kind: 'revision', revision }, note });
    if (result.outcome === 'conflict') return undefined;
    this.#logStored('policy updated', result.policy, note);
    return result.policy;
  }

  #logStored(message: string, { name, revision, rules }: Policy, note: ChangeNote): void {
    this.logger.info({ policy: name, revision, rules: rules.length, ...note }, message);
  }
}

function checkEtag(name: string, current: Policy | undefined, etag: string): void {
  const currentEtag = current === undefined ? '' : policyEtag(current);
  if (etag === '' || etag === currentEtag) return;
  const message =
    current === undefined
      ? `${name} is gone: it cannot be at etag ${quote(etag)}`
      : `${name} has changed: its etag is ${currentEtag}, not ${quote(etag)}`;
  throw new RpcError(status.ABORTED, message, {
    reason: { reason: 'ETAG_MISMATCH', metadata: { resource: name, etag: currentEtag } },
  });
}

function alreadyExists(name: string): RpcError {
  return new RpcError(status.ALREADY_EXISTS, `${name} exists already`);
}

export function notFound(name: string): RpcError {
  return new RpcError(status.NOT_FOUND, `there is no ${name}`);
}

function contended(name: string): RpcError {
  return new RpcError(status.ABORTED, `${name} is being changed by others all the time: try again`);
}
