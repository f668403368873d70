/**
 * What one host holds, what it should hold, and so what to send it next. No I/O and no clock: what is sent depends on
 * where things stand, never on how they came to stand there.
 *
 * At most one message about a resource is on its way at a time. What changes meanwhile waits, and only the newest of it is
 * sent: however slow a host is, its queue is no longer than the list of resources.
 *
 * A host should hold the address sets that the policies name which it should hold. A set goes before the first of them; it is
 * removed when the host holds exactly the policies that it should, so that none which is still in force loses it.
 */

/** A policy to hold, encoded once for all hosts. */
export interface PolicyItem {
  readonly kind: 'policy';
  readonly name: string;
  readonly revision: bigint;
  /** What is held is the same exactly when its version is. */
  readonly version: string;
  readonly nonce: bigint;
  /** A ConnectResponse, as it goes over the wire. */
  readonly message: Buffer;
  /** Names of the address sets that it refers to. */
  readonly sets: readonly string[];
}

/** An address set to hold. */
export interface SetItem {
  readonly kind: 'set';
  readonly name: string;
  readonly revision: bigint;
  readonly version: string;
  /** What brings a host that holds this version (undefined: none) to this one: encoded once for all such hosts. */
  readonly from: (held: string | undefined) => SetMessages;
}

export interface SetMessages {
  readonly nonce: bigint;
  /** To be sent one right after the other. */
  readonly messages: readonly Buffer[];
  /** Whether they say all of it: what a host refuses of a part, it is sent as a whole. */
  readonly whole: boolean;
}

type Item = PolicyItem | SetItem;

/** The next thing to send. */
export type Outgoing =
  | { readonly kind: 'messages'; readonly messages: readonly Buffer[] }
  | { readonly kind: 'remove'; readonly name: string; readonly nonce: bigint }
  | { readonly kind: 'in-sync' };

/** What an answer was about. */
export interface Answered {
  readonly name: string;
  /** Of what was sent; undefined: its removal was. */
  readonly revision: bigint | undefined;
  readonly version: string | undefined;
}

/** Where a host is with a policy. */
export type Standing = 'unwanted' | 'behind' | 'level';

interface ResourceState {
  /** Version that the host holds durably; undefined: it does not hold the resource. */
  held: string | undefined;
  wanted: Item | undefined;
  sent: { readonly item: Item | undefined; readonly whole: boolean } | undefined;
  /** What the host has refused: a version, or the removal (undefined). Forgotten when something else is wanted. */
  refused: { readonly version: string | undefined } | undefined;
  standing: Standing;
}

export interface SyncStart {
  /** What the host declares to hold: versions by name. */
  readonly held: ReadonlyMap<string, string>;
  /** What it has refused and what has not changed since: versions by name, undefined for a removal. */
  readonly refused: ReadonlyMap<string, { readonly version: string | undefined }>;
  /** What it should hold. */
  readonly wanted: Iterable<PolicyItem>;
  /** A set as it stands. */
  readonly setOf: (name: string) => SetItem | undefined;
  /** Numbers a message that goes to this host alone. */
  readonly nextNonce: () => bigint;
  /** Told when a policy's standing changes. */
  readonly onStanding: (policy: string, before: Standing, after: Standing) => void;
}

/** Stands in the queue for the InSyncMark: behind all that was wanted when the stream began. */
const IN_SYNC = Symbol('in-sync');

export class SyncState {
  readonly #resources = new Map<string, ResourceState>();
  /** Names of resources about which there may be something to send, oldest first. */
  readonly #queue = new Set<string | typeof IN_SYNC>();
  readonly #nameByNonce = new Map<bigint, string>();
  /** Resources for which held and wanted differ, or an answer is outstanding; sets apart, since they wait for policies. */
  readonly #policiesBehind = new Set<string>();
  readonly #setsBehind = new Set<string>();
  /** How many wanted policies name a set. */
  readonly #uses = new Map<string, number>();
  readonly #start: SyncStart;
  /** How long the queue was when the stream began. */
  readonly startLength: number;

  constructor(start: SyncStart) {
    this.#start = start;
    for (const [name, version] of start.held) this.#state(name).held = version;
    for (const [name, { version }] of start.refused) this.#state(name).refused = { version };
    for (const item of start.wanted) {
      this.#state(item.name).wanted = item;
      this.#use(item.sets, 1);
    }
    for (const set of this.#uses.keys()) this.#state(set).wanted = start.setOf(set);
    for (const [name, state] of this.#resources) {
      forgetOldRefusal(state);
      this.#settle(name, state);
    }
    this.#queue.add(IN_SYNC);
    this.startLength = this.#queue.size;
  }

  /** The host should hold this policy, or (undefined) none of that name. */
  want(name: string, item: PolicyItem | undefined): void {
    const state = this.#state(name);
    const former = state.wanted?.kind === 'policy' ? state.wanted.sets : [];
    this.#use(item?.sets ?? [], 1);
    this.#use(former, -1);
    this.#setWanted(name, item);
    for (const set of new Set([...former, ...(item?.sets ?? [])])) this.wantSet(set);
  }

  /** A set has changed, or is wanted by more or fewer policies. */
  wantSet(name: string): void {
    const isWanted = (this.#uses.get(name) ?? 0) > 0;
    if (isWanted || this.#resources.has(name))
      this.#setWanted(name, isWanted ? this.#start.setOf(name) : undefined);
  }

  /** Sends again what the host has refused: it may take it now. */
  forgetRefusals(): void {
    for (const [name, state] of this.#resources) {
      if (state.refused === undefined) continue;
      state.refused = undefined;
      this.#settle(name, state);
    }
  }

  /** Takes the next thing off the queue; undefined when there is none to send now. */
  next(): Outgoing | undefined {
    for (const name of this.#queue) {
      if (name !== IN_SYNC) {
        const first = this.#missingSet(name) ?? name;
        this.#queue.delete(first);
        const outgoing = this.#outgoing(first, this.#state(first));
        if (outgoing !== undefined) return outgoing;
        continue;
      }
      this.#queue.delete(name);
      return { kind: 'in-sync' };
    }
    return undefined;
  }

  /** The host holds what was sent under the nonce. Undefined when nothing was. */
  acknowledge(nonce: bigint): Answered | undefined {
    return this.#answer(nonce, (state, { item }) => {
      state.held = item?.version;
      state.refused = undefined;
    });
  }

  /** The host has refused what was sent under the nonce, and holds what it held. Undefined when nothing was sent. */
  refuse(nonce: bigint): Answered | undefined {
    return this.#answer(nonce, (state, { item, whole }) => {
      if (whole) state.refused = { version: item?.version };
      else state.held = undefined;
    });
  }

  /** Whether the host holds exactly what it should. */
  isLevel(): boolean {
    return this.#policiesBehind.size + this.#setsBehind.size === 0;
  }

  get queueLength(): number {
    return this.#queue.size;
  }

  /** Whether the host has refused what it should hold now. */
  isRefused(name: string): boolean {
    return this.#resources.get(name)?.refused !== undefined;
  }

  /** Names of the policies that it should hold and that name a set. */
  policiesNaming(set: string): string[] {
    return [...this.#resources].flatMap(([name, { wanted }]) =>
      wanted?.kind === 'policy' && wanted.sets.includes(set) ? [name] : [],
    );
  }

  /** Revisions of what the host should hold and does not. */
  missing(): bigint[] {
    return [...this.#policiesBehind, ...this.#setsBehind]
      .map((name) => this.#resources.get(name)?.wanted?.revision)
      .filter((revision) => revision !== undefined);
  }

  /** The stream has ended: no policy stands anywhere by it. */
  end(): void {
    for (const [name, state] of this.#resources) this.#stand(name, state, 'unwanted');
  }

  #setWanted(name: string, item: Item | undefined): void {
    const state = this.#state(name);
    state.wanted = item;
    forgetOldRefusal(state);
    this.#settle(name, state);
  }

  #use(sets: readonly string[], change: 1 | -1): void {
    for (const set of sets) this.#uses.set(set, (this.#uses.get(set) ?? 0) + change);
  }

  /** A set that the policy names, that the host has never been sent, and that can be sent now. */
  #missingSet(name: string): string | undefined {
    const wanted = this.#resources.get(name)?.wanted;
    if (wanted?.kind !== 'policy') return undefined;
    return wanted.sets.find((set) => {
      const state = this.#resources.get(set);
      return state?.held === undefined && state !== undefined && this.#isDue(state);
    });
  }

  #answer(
    nonce: bigint,
    apply: (state: ResourceState, sent: NonNullable<ResourceState['sent']>) => void,
  ): Answered | undefined {
    const name = this.#nameByNonce.get(nonce);
    if (name === undefined) return undefined;
    this.#nameByNonce.delete(nonce);
    const state = this.#state(name);
    const sent = state.sent ?? { item: undefined, whole: true };
    state.sent = undefined;
    apply(state, sent);
    forgetOldRefusal(state);
    this.#settle(name, state);
    return { name, revision: sent.item?.revision, version: sent.item?.version };
  }

  /** Queues the resource if there may be something to send, and forgets it if there is nothing left to know. */
  #settle(name: string, state: ResourceState): void {
    const isLevel = state.held === state.wanted?.version && state.sent === undefined;
    const behind = isSet(name) ? this.#setsBehind : this.#policiesBehind;
    if (isLevel) behind.delete(name);
    else behind.add(name);
    this.#stand(name, state, state.wanted === undefined ? 'unwanted' : isLevel ? 'level' : 'behind');
    const known = state.held !== undefined || state.wanted !== undefined || state.sent !== undefined;
    if (!known) this.#resources.delete(name);
    if (this.#isDue(state)) this.#queue.add(name);
    else this.#queue.delete(name);
    if (!isSet(name) && this.#policiesBehind.size === 0) this.#releaseSets();
  }

  /** No policy is on its way any more: sets that none names may go. */
  #releaseSets(): void {
    for (const name of this.#setsBehind) if (this.#isDue(this.#state(name))) this.#queue.add(name);
  }

  #stand(name: string, state: ResourceState, standing: Standing): void {
    if (isSet(name) || state.standing === standing) return;
    const before = state.standing;
    state.standing = standing;
    this.#start.onStanding(name, before, standing);
  }

  #isDue({ held, wanted, sent, refused }: ResourceState): boolean {
    return sent === undefined && refused === undefined && held !== wanted?.version;
  }

  #outgoing(name: string, state: ResourceState): Outgoing | undefined {
    if (!this.#isDue(state)) return undefined;
    const item = state.wanted;
    if (item === undefined && isSet(name) && this.#policiesBehind.size > 0) return undefined;
    if (item === undefined) {
      const nonce = this.#start.nextNonce();
      this.#send(name, { nonce, item, whole: true });
      return { kind: 'remove', name, nonce };
    }
    const { nonce, messages, whole } =
      item.kind === 'policy' ? { ...item, messages: [item.message], whole: true } : item.from(state.held);
    this.#send(name, { nonce, item, whole });
    return { kind: 'messages', messages };
  }

  #send(
    name: string,
    { nonce, item, whole }: { nonce: bigint; item: Item | undefined; whole: boolean },
  ): void {
    this.#nameByNonce.set(nonce, name);
    this.#state(name).sent = { item, whole };
    (isSet(name) ? this.#setsBehind : this.#policiesBehind).add(name);
  }

  #state(name: string): ResourceState {
    const state = this.#resources.get(name) ?? {
      held: undefined,
      wanted: undefined,
      sent: undefined,
      refused: undefined,
      standing: 'unwanted',
    };
    this.#resources.set(name, state);
    return state;
  }
}

export function isSet(name: string): boolean {
  return name.startsWith('addressSets/');
}

/** Something else is wanted meanwhile: the refusal is of the past. */
function forgetOldRefusal(state: ResourceState): void {
  if (state.refused !== undefined && state.refused.version !== state.wanted?.version)
    state.refused = undefined;
}
