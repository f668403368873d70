/** Every policy of the store, compiled and encoded, and every address set, kept level by a watch. */
import type { Logger } from 'pino';
import { compilePolicy } from '../compiler/compile-policy';
import type { SetContent } from '../model/address-set';
import { setsOf, type Policy } from '../model/policy';
import type { HostSelector } from '../model/selector';
import {
  WatchEnded,
  type PolicyStore,
  type PolicyWatch,
  type WatchEvent,
} from '../policy-store/policy-store';
import { causeOf, StartupError } from '../startup-error';
import { EncodedSet, setVersion } from './set-item';
import { encodePolicy } from './stream-messages';
import type { PolicyItem, SetItem } from './sync-state';

export interface CatalogEntry {
  readonly selector: HostSelector;
  readonly item: PolicyItem;
  /** As stored. */
  readonly policy: Policy;
}

/** A policy was made (`before` undefined), changed, or removed (`after` undefined). */
export interface CatalogChange {
  readonly name: string;
  readonly before: CatalogEntry | undefined;
  readonly after: CatalogEntry | undefined;
}

export interface PolicyCatalogOptions {
  readonly store: PolicyStore;
  readonly nextNonce: () => bigint;
  readonly logger: Logger;
  /** Called for each change, and at the start for each policy, once `revision` shows it. */
  readonly onChange: (change: CatalogChange) => void;
  /** Called when members of a set have changed, or it was removed. */
  readonly onSet: (name: string) => void;
  /** Called when `revision` has risen. */
  readonly onRevision: (revision: bigint) => void;
}

const RETRY_MS = 1000;

export class PolicyCatalog {
  readonly #entries = new Map<string, CatalogEntry>();
  /** Names in the snapshot that is being read; undefined when none is. */
  #snapshotNames: Set<string> | undefined;
  readonly #sets = new Map<string, EncodedSet>();
  #revision = 0n;
  #watch: PolicyWatch | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(private readonly options: PolicyCatalogOptions) {}

  /** The store's revision that the entries show. */
  get revision(): bigint {
    return this.#revision;
  }

  get(name: string): CatalogEntry | undefined {
    return this.#entries.get(name);
  }

  set(name: string): SetItem | undefined {
    return this.#sets.get(name);
  }

  entries(): Iterable<CatalogEntry> {
    return this.#entries.values();
  }

  /** Resolves when every policy is there; StartupError for one that cannot be compiled. */
  async start(): Promise<void> {
    const events = this.#open()[Symbol.asyncIterator]() as AsyncIterator<WatchEvent, undefined>;
    for (;;) {
      const { value: event } = await events.next();
      if (event === undefined) return;
      this.#applyFirst(event);
      if (event.kind === 'in-sync') break;
    }
    void this.#follow({ [Symbol.asyncIterator]: () => events });
  }

  stop(): void {
    clearTimeout(this.#retry);
    this.#watch?.close();
  }

  #open(afterRevision?: bigint): PolicyWatch {
    this.#snapshotNames = afterRevision === undefined ? new Set() : undefined;
    this.#watch = this.options.store.watch({
      kinds: ['policy', 'address-set'],
      ...(afterRevision !== undefined && { afterRevision }),
    });
    return this.#watch;
  }

  async #follow(events: AsyncIterable<WatchEvent>): Promise<void> {
    try {
      for await (const event of events) this.#tryApply(event);
    } catch (error) {
      if (error instanceof WatchEnded && error.why === 'store-closed') return;
      this.options.logger.warn({ err: error, revision: this.#revision }, 'the watch of policies starts over');
      const resumable = error instanceof WatchEnded && error.why === 'too-slow' && !this.#snapshotNames;
      this.#retry = setTimeout(
        () => void this.#follow(this.#open(resumable ? this.#revision : undefined)),
        resumable ? 0 : RETRY_MS,
      );
    }
  }

  #applyFirst(event: WatchEvent): void {
    try {
      this.#apply(event);
    } catch (error) {
      throw new StartupError(`a policy in the store cannot be compiled: ${causeOf(error)}`, { cause: error });
    }
  }

  /** Only valid policies are stored; should one not compile all the same, hosts keep what they hold of it. */
  #tryApply(event: WatchEvent): void {
    try {
      this.#apply(event);
    } catch (error) {
      this.options.logger.error(
        { err: error },
        'a policy cannot be compiled: hosts keep what they hold of it',
      );
    }
  }

  #apply(event: WatchEvent): void {
    switch (event.kind) {
      case 'snapshot':
        this.#snapshotNames?.add(event.policy.name);
        this.#put(event.policy);
        return;
      case 'put':
        this.#advance(event.revision);
        this.#put(event.policy);
        return;
      case 'removed':
        this.#advance(event.revision);
        this.#remove(event.name);
        return;
      case 'set-snapshot':
        this.#snapshotNames?.add(event.set.name);
        this.#putSet(event.content);
        return;
      case 'set-put':
        this.#advance(event.revision);
        this.#putSet(event.content);
        return;
      case 'set-removed':
        this.#advance(event.revision);
        this.#removeSet(event.name);
        return;
      case 'in-sync':
        this.#advance(event.revision);
        this.#removeUnseen();
    }
  }

  #put(policy: Policy): void {
    const before = this.#entries.get(policy.name);
    if (before?.item.revision === policy.revision) return;
    const item = encodePolicy(compilePolicy(policy), setsOf(policy), this.options.nextNonce());
    const after = { selector: policy.hostSelector, item, policy };
    this.#entries.set(policy.name, after);
    this.options.onChange({ name: policy.name, before, after });
  }

  #putSet(content: SetContent): void {
    if (this.#sets.get(content.name)?.version === setVersion(content)) return;
    this.#sets.set(content.name, new EncodedSet(content, this.options.nextNonce));
    this.options.onSet(content.name);
  }

  #removeSet(name: string): void {
    if (this.#sets.delete(name)) this.options.onSet(name);
  }

  #remove(name: string): void {
    const before = this.#entries.get(name);
    if (before === undefined) return;
    this.#entries.delete(name);
    this.options.onChange({ name, before, after: undefined });
  }

  #removeUnseen(): void {
    const seen = this.#snapshotNames;
    this.#snapshotNames = undefined;
    if (seen === undefined) return;
    const isGone = (name: string): boolean => !seen.has(name);
    for (const name of [...this.#entries.keys()].filter(isGone)) this.#remove(name);
    for (const name of [...this.#sets.keys()].filter(isGone)) this.#removeSet(name);
  }

  #advance(revision: bigint): void {
    this.#revision = revision;
    this.options.onRevision(revision);
  }
}
