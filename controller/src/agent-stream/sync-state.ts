/**
 * What one host holds, what it should hold, and so what to send it next. No I/O and no clock: what is sent depends on
 * where things stand, never on how they came to stand there.
 *
 * At most one message about a policy is on its way at a time. What changes meanwhile waits, and only the newest of it is
 * sent: however slow a host is, its queue is no longer than the list of policies.
 */

/** A policy to hold, encoded once for all hosts. */
export interface Upsert {
  readonly name: string;
  readonly revision: bigint;
  readonly digest: string;
  readonly nonce: bigint;
  /** A ConnectResponse, as it goes over the wire. */
  readonly message: Buffer;
}

/** The next thing to send. */
export type Outgoing =
  | { readonly kind: 'upsert'; readonly upsert: Upsert }
  | { readonly kind: 'remove'; readonly name: string; readonly nonce: bigint }
  | { readonly kind: 'in-sync' };

/** What an answer was about. */
export interface Answered {
  readonly name: string;
  /** Of the policy that was sent; undefined: its removal was. */
  readonly upsert: Upsert | undefined;
}

interface PolicyState {
  /** Digest that the host holds durably; undefined: it does not hold the policy. */
  held: string | undefined;
  wanted: Upsert | undefined;
  sent: { readonly nonce: bigint; readonly upsert: Upsert | undefined } | undefined;
  /** What the host has refused: a digest, or the removal (undefined). Forgotten when something else is wanted. */
  refused: { readonly digest: string | undefined } | undefined;
}

export interface SyncStart {
  /** What the host declares to hold: digests by name. */
  readonly held: ReadonlyMap<string, string>;
  /** What it has refused and what has not changed since: digests by name, undefined for a removal. */
  readonly refused: ReadonlyMap<string, { readonly digest: string | undefined }>;
  /** What it should hold. */
  readonly wanted: Iterable<Upsert>;
  /** Numbers a message that goes to this host alone. */
  readonly nextNonce: () => bigint;
}

/** Stands in the queue for the InSyncMark: behind all that was wanted when the stream began. */
const IN_SYNC = Symbol('in-sync');

export class SyncState {
  readonly #policies = new Map<string, PolicyState>();
  /** Names of policies about which there may be something to send, oldest first. */
  readonly #queue = new Set<string | typeof IN_SYNC>();
  readonly #nameByNonce = new Map<bigint, string>();
  /** Policies for which held and wanted differ, or an answer is outstanding. */
  readonly #behind = new Set<string>();
  readonly #nextNonce: () => bigint;
  /** How long the queue was when the stream began. */
  readonly startLength: number;

  constructor({ held, refused, wanted, nextNonce }: SyncStart) {
    this.#nextNonce = nextNonce;
    for (const [name, digest] of held) this.#state(name).held = digest;
    for (const [name, { digest }] of refused) this.#state(name).refused = { digest };
    for (const upsert of wanted) this.#state(upsert.name).wanted = upsert;
    for (const [name, state] of this.#policies) {
      if (state.refused !== undefined && state.refused.digest !== state.wanted?.digest)
        state.refused = undefined;
      this.#settle(name, state);
    }
    this.#queue.add(IN_SYNC);
    this.startLength = this.#queue.size;
  }

  /** The host should hold this, or (undefined) nothing of that name. */
  want(name: string, upsert: Upsert | undefined): void {
    const state = this.#state(name);
    if (state.wanted?.digest !== upsert?.digest) state.refused = undefined;
    state.wanted = upsert;
    this.#settle(name, state);
  }

  /** Takes the next message off the queue; undefined when there is none to send now. */
  next(): Outgoing | undefined {
    for (const name of this.#queue) {
      this.#queue.delete(name);
      if (name === IN_SYNC) return { kind: 'in-sync' };
      const state = this.#state(name);
      const outgoing = this.#outgoing(name, state);
      if (outgoing !== undefined) return outgoing;
    }
    return undefined;
  }

  /** The host holds what was sent under the nonce. Undefined when nothing was. */
  acknowledge(nonce: bigint): Answered | undefined {
    return this.#answer(nonce, (state, upsert) => {
      state.held = upsert?.digest;
      state.refused = undefined;
    });
  }

  /** The host has refused what was sent under the nonce, and holds what it held. Undefined when nothing was sent. */
  refuse(nonce: bigint): Answered | undefined {
    return this.#answer(nonce, (state, upsert) => {
      state.refused = { digest: upsert?.digest };
    });
  }

  /** Whether the host holds exactly what it should. */
  isLevel(): boolean {
    return this.#behind.size === 0;
  }

  get queueLength(): number {
    return this.#queue.size;
  }

  /** Whether the host has refused what it should hold now. */
  isRefused(name: string): boolean {
    return this.#policies.get(name)?.refused !== undefined;
  }

  /** What the host should hold and does not. */
  missing(): Upsert[] {
    return [...this.#behind]
      .map((name) => this.#policies.get(name)?.wanted)
      .filter((wanted) => wanted !== undefined);
  }

  #answer(
    nonce: bigint,
    apply: (state: PolicyState, upsert: Upsert | undefined) => void,
  ): Answered | undefined {
    const name = this.#nameByNonce.get(nonce);
    if (name === undefined) return undefined;
    this.#nameByNonce.delete(nonce);
    const state = this.#state(name);
    const upsert = state.sent?.upsert;
    state.sent = undefined;
    apply(state, upsert);
    // Something else was wanted meanwhile: the refusal is of the past.
    if (state.refused !== undefined && state.refused.digest !== state.wanted?.digest)
      state.refused = undefined;
    this.#settle(name, state);
    return { name, upsert };
  }

  /** Queues the policy if there may be something to send, and forgets it if there is nothing left to know. */
  #settle(name: string, state: PolicyState): void {
    if (state.held === state.wanted?.digest && state.sent === undefined) this.#behind.delete(name);
    else this.#behind.add(name);
    const known = state.held !== undefined || state.wanted !== undefined || state.sent !== undefined;
    if (!known) this.#policies.delete(name);
    if (this.#isDue(state)) this.#queue.add(name);
    else this.#queue.delete(name);
  }

  #isDue({ held, wanted, sent, refused }: PolicyState): boolean {
    return sent === undefined && refused === undefined && held !== wanted?.digest;
  }

  #outgoing(name: string, state: PolicyState): Outgoing | undefined {
    if (!this.#isDue(state)) return undefined;
    const upsert = state.wanted;
    const nonce = upsert?.nonce ?? this.#nextNonce();
    state.sent = { nonce, upsert };
    this.#behind.add(name);
    this.#nameByNonce.set(nonce, name);
    return upsert === undefined ? { kind: 'remove', name, nonce } : { kind: 'upsert', upsert };
  }

  #state(name: string): PolicyState {
    const state = this.#policies.get(name) ?? {
      held: undefined,
      wanted: undefined,
      sent: undefined,
      refused: undefined,
    };
    this.#policies.set(name, state);
    return state;
  }
}
