/** nsgate.v1.AgentStreamService. */
import { Metadata, status } from '@grpc/grpc-js';
import { AgentStreamServiceService, RpcError, type ConnectRequest } from '@nsgate/proto';
import type { Logger } from 'pino';
import { toServiceError } from '../rpc/call-errors';
import type { Caller } from '../rpc/caller';
import {
  decodingMs,
  MalformedMessage,
  offerService,
  stoppingError,
  type OfferedService,
} from '../rpc/service';
import type { AgentHub } from './agent-hub';
import type { AgentCall, AgentSession } from './agent-session';
import { parseHello, type Greeting } from './hello-parser';
import { ReadingBudgets } from './reading-budget';

/** How long a stream may be open without a Hello. */
const HELLO_MS = 10_000;

/** Lets agents in to the hub. */
export function agentStreamService(hub: AgentHub, logger: Logger): OfferedService {
  const budgets = new ReadingBudgets();
  return offerService(AgentStreamServiceService, {
    connect: (call, { caller, signal }) => {
      const connection = new Connection({ call, caller, hub, budgets, logger });
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
  readonly logger: Logger;
}

type State =
  | { readonly kind: 'awaiting-hello'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'joined'; readonly hostId: string; readonly session: AgentSession }
  | { readonly kind: 'ended' };

/** A stream from its opening to its end; the session stands for it once the agent has greeted. */
class Connection {
  #state: State;
  readonly #budget: ReturnType<ReadingBudgets['open']>;

  constructor(private readonly options: ConnectionOptions) {
    const { call, caller, budgets } = options;
    this.#budget = budgets.open(caller.id, call);
    const timer = setTimeout(() => this.fail(noHello(`none came within ${HELLO_MS / 1000} s`)), HELLO_MS);
    this.#state = { kind: 'awaiting-hello', timer };
    // Proxies and clients learn at once that the stream is open; without it, they wait for the first message.
    call.sendMetadata(new Metadata());
    call.on('data', (request: ConnectRequest | MalformedMessage) => this.#receive(request));
    call.on('end', () => this.#leave());
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

  #receive(request: ConnectRequest | MalformedMessage): void {
    const start = performance.now();
    this.#take(request);
    this.#budget.spend(decodingMs(request) + performance.now() - start);
  }

  #take(request: ConnectRequest | MalformedMessage): void {
    try {
      if (this.#state.kind === 'joined') this.#state.session.receive(request);
      else if (this.#state.kind === 'awaiting-hello') this.#join(this.#greeting(request));
    } catch (error) {
      this.fail(error);
    }
  }

  #greeting(request: ConnectRequest | MalformedMessage): Greeting {
    if (request instanceof MalformedMessage) throw request.toError();
    if (request.message?.$case !== 'hello') throw noHello('it is another message');
    const greeting = parseHello(request.message.value, this.options.caller);
    this.options.caller.demandStanding();
    return greeting;
  }

  #join(greeting: Greeting): void {
    if (this.#state.kind === 'awaiting-hello') clearTimeout(this.#state.timer);
    const session = this.options.hub.join(this.options.call, greeting);
    this.#state = { kind: 'joined', hostId: greeting.description.id, session };
  }

  #leave(): void {
    const state = this.#state;
    this.#state = { kind: 'ended' };
    this.#budget.close();
    if (state.kind === 'awaiting-hello') {
      clearTimeout(state.timer);
      this.options.call.end();
    } else if (state.kind === 'joined') {
      this.options.hub.leave(state.hostId, state.session);
    }
  }
}

function noHello(why: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, `hello: must be the first message of a stream; ${why}`);
}
