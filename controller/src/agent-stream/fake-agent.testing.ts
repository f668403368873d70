/** A fake agent and its fake call, for tests of what the controller says to agents: no network, no kernel. */
import { EventEmitter } from 'node:events';
import {
  ConnectRequest,
  ConnectResponse,
  type AddressSetDelta,
  type AddressSetUpsert,
  type AgentPolicy,
} from '@nsgate/proto';
import { mergePrefixes, subtractPrefixes, type PackedPrefixes } from '../model/packed-prefixes';
import type { HostDescription } from '../model/host';
import type { AgentHub } from './agent-hub';
import { partsOf } from './message-parts';
import { setVersion } from './set-item';
import { policyVersion } from './stream-messages';
import type { AgentCall, AgentSession } from './agent-session';

/** The writing half of a grpc-js call: takes `room` messages, then says that it is full until it is drained. */
class FakeCall extends EventEmitter {
  readonly written: ConnectResponse[] = [];
  readonly buffers: Buffer[] = [];
  error: Error | undefined;
  ended = false;
  #unread = 0;

  constructor(private readonly room: number) {
    super();
    this.on('error', (error: Error) => (this.error = error));
  }

  write(message: Buffer): boolean {
    if (this.ended) throw new Error('written after the end');
    this.buffers.push(message);
    this.written.push(ConnectResponse.decode(message));
    this.#unread += 1;
    return this.#unread < this.room;
  }

  drain(): void {
    const wasFull = this.#unread >= this.room;
    this.#unread = 0;
    if (wasFull) this.emit('drain');
  }

  end(): void {
    this.ended = true;
  }
}

/** A set as an agent holds it. */
export interface HeldSet {
  readonly uid: string;
  readonly revision: bigint;
  readonly members: PackedPrefixes;
}

/** What to answer, and what is held then; undefined: nothing of the name. */
type Pending = { readonly nonce: bigint; readonly name: string } & (
  | { readonly policy: AgentPolicy | undefined }
  | { readonly change: (held: HeldSet | undefined) => HeldSet | undefined | 'refuse' }
);

export interface FakeAgentOptions {
  readonly hub: AgentHub;
  readonly description: HostDescription;
  /** Whether the agent finds the policy invalid. */
  readonly refuses: (policy: AgentPolicy) => boolean;
  /** Messages that the call takes before it is full. */
  readonly room: number;
}

/** Holds what it has acknowledged, over reconnects, as an agent does on its disk. */
export class FakeAgent {
  readonly held = new Map<string, AgentPolicy>();
  readonly heldSets = new Map<string, HeldSet>();
  /** Sets that a policy named before they were sent. */
  readonly missedSets: string[] = [];
  #parts: AddressSetUpsert[] = [];
  call: FakeCall | undefined;
  /** Whether the mark has come on this stream. */
  isInSync = false;
  #session: AgentSession | undefined;
  #taken = 0;
  #pending: Pending[] = [];

  /** It then takes nothing, for now. */
  isDiskFull = false;

  constructor(private readonly options: FakeAgentOptions) {}

  get isConnected(): boolean {
    return this.#session !== undefined && this.call?.ended === false && this.call.error === undefined;
  }

  connect(labels: HostDescription['labels']): void {
    this.call = new FakeCall(this.options.room);
    this.#taken = 0;
    this.#pending = [];
    this.isInSync = false;
    this.#parts = [];
    const held = new Map([
      ...[...this.held].map(([name, policy]) => [name, policyVersion(policy)] as const),
      ...[...this.heldSets].map(([name, set]) => [name, setVersion(set)] as const),
    ]);
    const description = { ...this.options.description, labels };
    this.#session = this.options.hub.join(this.call as unknown as AgentCall, { description, held });
  }

  disconnect(): void {
    if (this.#session !== undefined) this.options.hub.leave(this.options.description.id, this.#session);
    this.#session = undefined;
  }

  /** Reads what has come, and answers the `choice`-th of what is unanswered. */
  answer(choice: number): void {
    this.#read();
    const [pending] = this.#pending.splice(choice % Math.max(1, this.#pending.length), 1);
    if (pending === undefined || !this.isConnected) return;
    const { nonce, name } = pending;
    if (this.isDiskFull) {
      this.say({ $case: 'nack', value: { nonce, name, reason: 'the disk is full', passing: true } });
      return;
    }
    if ('change' in pending) {
      const set = pending.change(this.heldSets.get(name));
      if (set === 'refuse') {
        this.say({
          $case: 'nack',
          value: { nonce, name, reason: 'another revision is held', passing: false },
        });
        return;
      }
      if (set === undefined) this.heldSets.delete(name);
      else this.heldSets.set(name, set);
      this.say({ $case: 'ack', value: { nonce } });
      return;
    }
    const { policy } = pending;
    if (policy !== undefined && this.options.refuses(policy)) {
      this.say({ $case: 'nack', value: { nonce, name, reason: 'cannot be', passing: false } });
      return;
    }
    if (policy === undefined) this.held.delete(name);
    else this.held.set(name, policy);
    this.say({ $case: 'ack', value: { nonce } });
  }

  /** Whether anything is left to answer. */
  get owesAnswers(): boolean {
    this.#read();
    return this.#pending.length > 0;
  }

  say(message: NonNullable<ConnectRequest['message']>): void {
    for (const part of partsOf(Buffer.from(ConnectRequest.encode({ message }).finish())))
      this.#session?.receive(part);
  }

  #read(): void {
    for (const { message } of this.call?.written.slice(this.#taken) ?? []) {
      this.#taken += 1;
      if (message?.$case === 'upsert') {
        const { nonce, policy } = message.value;
        this.#noteSets(policy);
        this.#pending.push({ nonce, name: policy?.name ?? '', policy });
      } else if (message?.$case === 'remove') {
        this.#pending.push({ ...message.value, policy: undefined });
      } else if (message?.$case === 'setUpsert') {
        this.#readPart(message.value);
      } else if (message?.$case === 'setDelta') {
        const delta = message.value;
        this.#pending.push({
          nonce: delta.nonce,
          name: delta.name,
          change: (held) => withDelta(held, delta),
        });
      } else if (message?.$case === 'setRemove') {
        this.#pending.push({ ...message.value, change: () => undefined });
      } else if (message?.$case === 'inSync') {
        this.isInSync = true;
      }
    }
    this.call?.drain();
  }

  #readPart(part: AddressSetUpsert): void {
    this.#parts.push(part);
    if (part.part < part.parts - 1) return;
    const { nonce, name, uid, revision } = part;
    const members = {
      v4: Buffer.concat(this.#parts.map(({ members4 }) => members4)),
      v6: Buffer.concat(this.#parts.map(({ members6 }) => members6)),
    };
    this.#parts = [];
    this.#pending.push({ nonce, name, change: () => ({ uid, revision, members }) });
  }

  #noteSets(policy: AgentPolicy | undefined): void {
    const named = (policy?.rules ?? []).flatMap(({ sourceSets, destinationSets }) => [
      ...sourceSets,
      ...destinationSets,
    ]);
    const known = (name: string): boolean =>
      this.heldSets.has(name) || this.#pending.some((one) => one.name === name);
    this.missedSets.push(...named.filter((name) => !known(name)));
  }
}

function withDelta(held: HeldSet | undefined, delta: AddressSetDelta): HeldSet | 'refuse' {
  if (held?.revision !== delta.fromRevision) return 'refuse';
  const kept = subtractPrefixes(held.members, {
    v4: Buffer.from(delta.remove4),
    v6: Buffer.from(delta.remove6),
  });
  const members = mergePrefixes(kept, { v4: Buffer.from(delta.add4), v6: Buffer.from(delta.add6) });
  return { ...held, revision: delta.revision, members };
}
