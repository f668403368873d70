/** Creating, changing and removing address sets, held to what stands in the store. */
import { randomUUID } from 'node:crypto';
import type { AddressSet } from '../model/address-set';
import { countPrefixes, NO_PREFIXES, subtractPrefixes, type PackedPrefixes } from '../model/packed-prefixes';
import type { ChangeNote } from '../policy-store/change-note';
import type {
  AddressSetStore,
  ChangeSetRequest,
  CreateSetRequest,
  SetResult,
} from '../policy-store/address-set-store';
import type { Permit } from '../rpc/caller';
import { setEtag } from './address-set-message';
import type { RemoveOptions } from './policy-writer';
import { alreadyExists, checkEtag, contended, inUse, notFound, tooMany } from './resource-errors';

interface CreateOptions {
  readonly validateOnly: boolean;
  /** Asked before each change. */
  readonly permit: Permit;
}

interface ChangeOptions extends CreateOptions {
  /** Empty for any. */
  readonly etag: string;
  /** What to create when nothing stands there. */
  readonly missing?: CreateSetRequest['set'] | undefined;
}

const MAX_TRIES = 16;

export class AddressSetWriter {
  constructor(private readonly sets: AddressSetStore) {}

  async create(request: CreateSetRequest, { validateOnly, permit }: CreateOptions): Promise<AddressSet> {
    const { set, members } = request;
    if ((await this.sets.get(set.name)) !== undefined) throw alreadyExists(set.name);
    permit.addressSet(set.name, undefined, set);
    if (validateOnly) return preview(set, countPrefixes(members));
    const stored = await this.#settled(this.sets.create(request));
    if (stored === undefined) throw alreadyExists(set.name);
    return stored;
  }

  async change(
    request: Omit<ChangeSetRequest, 'revision'>,
    { etag, validateOnly, missing, permit }: ChangeOptions,
  ): Promise<AddressSet> {
    const { name, note } = request;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const current = await this.sets.get(name);
      checkEtag(name, current === undefined ? '' : setEtag(current), etag);
      if (current === undefined && missing !== undefined) {
        return this.create({ set: missing, members: NO_PREFIXES, note }, { validateOnly, permit });
      }
      if (current === undefined) throw notFound(name);
      permit.addressSet(name, current, withChange(current, request));
      if (validateOnly) return { ...current, ...request };
      const stored = await this.#settled(this.sets.change({ ...request, revision: current.revision }));
      if (stored !== undefined) return stored;
    }
    throw contended(name);
  }

  /** Stores a set as it once was, anew when it is gone. */
  async restore(
    {
      name,
      set,
      members,
      note,
    }: { name: string; set: AddressSet; members: PackedPrefixes; note: ChangeNote },
    { etag, validateOnly, permit }: ChangeOptions,
  ): Promise<AddressSet> {
    const { description, labels } = set;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const current = await this.sets.get(name);
      checkEtag(name, current === undefined ? '' : setEtag(current), etag);
      const content = await this.sets.content(name);
      if (current === undefined || content === undefined) {
        const anew = { name, uid: randomUUID(), description, labels };
        return this.create({ set: anew, members, note }, { validateOnly, permit });
      }
      const after = { ...current, description, labels, members };
      permit.addressSet(name, current, after);
      if (validateOnly) return { ...current, description, labels, memberCount: countPrefixes(members) };
      const add = subtractPrefixes(members, content.members);
      const remove = subtractPrefixes(content.members, members);
      const change = { name, revision: current.revision, description, labels, add, remove, note };
      const stored = await this.#settled(this.sets.change(change));
      if (stored !== undefined) return stored;
    }
    throw contended(name);
  }

  async remove(
    name: string,
    { etag, allowMissing, validateOnly, note, permit }: RemoveOptions,
  ): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const current = await this.sets.get(name);
      if (current === undefined && allowMissing) return;
      if (current === undefined) throw notFound(name);
      permit.addressSet(name, current, undefined);
      checkEtag(name, setEtag(current), etag);
      if (validateOnly) return;
      const result = await this.sets.remove({ name, revision: current.revision, note });
      if (result.outcome === 'removed') return;
      if (result.outcome === 'in-use') throw inUse(name, result.policies);
    }
    throw contended(name);
  }

  /** Undefined when something else stands there than was expected. */
  async #settled(writing: Promise<SetResult>): Promise<AddressSet | undefined> {
    const result = await writing;
    if (result.outcome === 'too-many') throw tooMany(result.what);
    return result.outcome === 'stored' ? result.set : undefined;
  }
}

/** Of what it becomes, what can be told before it is. */
function withChange(
  current: AddressSet,
  { name, description, labels, add, remove }: Omit<ChangeSetRequest, 'revision'>,
): AddressSet {
  const text = { description: description ?? current.description, labels: labels ?? current.labels };
  const members = { add, remove };
  return { ...current, name, ...text, ...members };
}

function preview(set: CreateSetRequest['set'], memberCount: number): AddressSet {
  const now = new Date();
  return { ...set, memberCount, createTime: now, updateTime: now, revision: 0n };
}
