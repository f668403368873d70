/** A fake agent and its fake call, for tests of what the controller says to agents: no network, no kernel. */
import { EventEmitter } from 'node:events';
import { ConnectResponse, type AgentPolicy, type ConnectRequest } from '@nsgate/proto';
import type { HostDescription } from '../model/host';
import type { AgentHub } from './agent-hub';
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

/** What to answer, and for which policy. */
interface Pending {
  readonly nonce: bigint;
  readonly name: string;
  readonly policy: AgentPolicy | undefined;
}

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
  call: FakeCall | undefined;
  /** Whether the mark has come on this stream. */
  isInSync = false;
  #session: AgentSession | undefined;
  #taken = 0;
  #pending: Pending[] = [];

  constructor(private readonly options: FakeAgentOptions) {}

  get isConnected(): boolean {
    return this.#session !== undefined && this.call?.ended === false && this.call.error === undefined;
  }

  connect(labels: HostDescription['labels']): void {
    this.call = new FakeCall(this.options.room);
    this.#taken = 0;
    this.#pending = [];
    this.isInSync = false;
    const held = new Map([...this.held].map(([name, policy]) => [name, policyVersion(policy)]));
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
    const { nonce, name, policy } = pending;
    if (policy !== undefined && this.options.refuses(policy)) {
      this.say({ $case: 'nack', value: { nonce, name, reason: 'cannot be' } });
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
    this.#session?.receive({ message });
  }

  #read(): void {
    for (const { message } of this.call?.written.slice(this.#taken) ?? []) {
      this.#taken += 1;
      if (message?.$case === 'upsert') {
        const { nonce, policy } = message.value;
        this.#pending.push({ nonce, name: policy?.name ?? '', policy });
      } else if (message?.$case === 'remove') {
        this.#pending.push({ ...message.value, policy: undefined });
      } else if (message?.$case === 'inSync') {
        this.isInSync = true;
      }
    }
    this.call?.drain();
  }
}
