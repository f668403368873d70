/** nsgate.v1.AgentStreamService. */
import { Metadata, status } from '@grpc/grpc-js';
import { AgentStreamServiceService, RpcError, type Hello } from '@nsgate/proto';
import type { Logger } from 'pino';
import { toServiceError } from '../rpc/call-errors';
import type { Caller } from '../rpc/caller';
import { offerService, stoppingError, type OfferedService } from '../rpc/service';
import type { AgentHub } from './agent-hub';
import type { AgentCall, AgentSession } from './agent-session';
import { parseHello } from './hello-parser';
import { HostReader } from './host-reader';
import type { MessagePart } from './message-parts';
import { readNothingAhead } from './read-ahead';
import { ReadingBudgets } from './reading-budget';
import { ReadingPump } from './reading-pump';

/** How long a stream may be open without a Hello. */
const HELLO_MS = 10_000;

/** Lets agents in to the hub. */
export function agentStreamService(hub: AgentHub, logger: Logger): OfferedService {
  const budgets = new ReadingBudgets();
  const pump = new ReadingPump();
  return offerService(AgentStreamServiceService, {
    connect: (call, { caller, signal }) => {
      const connection = new Connection({ call, caller, hub, budgets, pump, logger });
      const stop = (): void => connection.fail(stoppingError());
      signal.addEventListener('abort', stop, { once: true });
      call.once('close', () => signal.removeEventListener('abort', stop));
    },
  });
}

interface ConnectionOptions {
  readonly call: AgentCall;
  readonly caller: Caller;
  readonly hub: AgentHub;
  readonly budgets: ReadingBudgets;
  readonly pump: ReadingPump;
  readonly logger: Logger;
}

type State =
  | { readonly kind: 'awaiting-hello'; readonly timer: NodeJS.Timeout; readonly parts: readonly Hello[] }
  | { readonly kind: 'joined'; readonly hostId: string; readonly session: AgentSession }
  | { readonly kind: 'ended' };

/** A stream from its opening to its end; the session stands for it once the agent has greeted. */
class Connection {
  #state: State;
  readonly #reader: HostReader;

  constructor(private readonly options: ConnectionOptions) {
    const { call, caller, budgets, pump } = options;
    this.#reader = new HostReader({
      ...{ source: call, hostId: caller.id, budgets, pump },
      take: (part) => this.#take(part),
      fail: (error) => this.fail(error),
    });
    const timer = setTimeout(() => this.fail(noHello(`none came within ${HELLO_MS / 1000} s`)), HELLO_MS);
    this.#state = { kind: 'awaiting-hello', timer, parts: [] };
    // Proxies and clients learn at once that the stream is open; without it, they wait for the first message.
    call.sendMetadata(new Metadata());
    readNothingAhead(call);
    call.on('data', (bytes: Buffer) => this.#reader.push(bytes));
    call.on('end', () => this.#reader.finish(() => this.#leave()));
    call.on('cancelled', () => this.#leave());
    call.on('error', () => this.#leave());
    call.on('close', () => this.#leave());
  }

  /** Ends the stream with an error. */
  fail(error: unknown): void {
    const state = this.#state;
    if (state.kind === 'joined') state.session.end(error);
    const { call, logger } = this.options;
    if (state.kind === 'awaiting-hello') {
      call.emit('error', toServiceError(error, 'AgentStreamService/Connect', logger));
    }
    this.#leave();
  }

  #take(part: MessagePart): void {
    if (this.#state.kind === 'joined') this.#state.session.receive(part);
    else if (this.#state.kind === 'awaiting-hello') this.#greet(this.#state, part);
  }

  #greet(state: State & { kind: 'awaiting-hello' }, { message, isLast }: MessagePart): void {
    if (message?.$case !== 'hello') throw noHello('it is another message');
    const parts = [...state.parts, message.value];
    if (isLast) this.#join(state.timer, wholeHello(parts));
    else this.#state = { ...state, parts };
  }

  #join(timer: NodeJS.Timeout, hello: Hello): void {
    const { hub, call, caller } = this.options;
    const greeting = parseHello(hello, caller);
    caller.demandStanding();
    clearTimeout(timer);
    const session = hub.join(call, greeting);
    this.#state = { kind: 'joined', hostId: greeting.description.id, session };
  }

  #leave(): void {
    const state = this.#state;
    this.#state = { kind: 'ended' };
    this.#reader.close();
    if (state.kind === 'awaiting-hello') {
      clearTimeout(state.timer);
      this.options.call.end();
    } else if (state.kind === 'joined') {
      this.options.hub.leave(state.hostId, state.session);
    }
  }
}

/** What it says beside its lists is in the first part. */
function wholeHello(parts: readonly Hello[]): Hello {
  const [first] = parts;
  if (first === undefined) throw noHello('it is empty');
  return {
    ...first,
    held: parts.flatMap(({ held }) => held),
    heldSets: parts.flatMap(({ heldSets }) => heldSets),
  };
}

function noHello(why: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, `hello: must be the first message of a stream; ${why}`);
}
