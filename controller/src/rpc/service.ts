/**
 * Turns handlers that return, yield and throw into a grpc-js service: who may call, errors, flow control and the end of
 * streams are decided here, once. Methods without a handler answer UNIMPLEMENTED.
 */
import {
  Metadata,
  status,
  type MethodDefinition,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { Logger } from 'pino';
import { toRpcError } from './call-errors';
import type { Caller, Transport } from './caller';
import type { Admission, Gatekeeper, IncomingCall } from './gatekeeper';

export interface CallContext {
  readonly caller: Caller;
  /** Aborted when the caller has gone or the server stops: the handler of a stream then ends. */
  readonly signal: AbortSignal;
}

/** What comes over it is not decoded yet: that takes time, and who takes how much is decided by who serves the stream. */
export type DuplexCall<Response> = ServerDuplexStream<Buffer, Response>;

/** Answers once; yields a stream of answers; or, for a stream both ways, takes over the call. */
type Handler<Method> =
  Method extends MethodDefinition<infer Request, infer Response>
    ? Method extends { requestStream: true; responseStream: true }
      ? (call: DuplexCall<Response | Buffer>, context: CallContext) => void
      : Method extends { responseStream: true }
        ? (request: Request, context: CallContext) => AsyncIterable<Response>
        : (request: Request, context: CallContext) => Promise<Response>
    : never;

export type Handlers<Service> = { readonly [Method in keyof Service]?: Handler<Service[Method]> };

/** A service that a server can offer on any transport. */
export interface OfferedService {
  /** Its full name, such as `nsgate.v1.PolicyService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  bind(environment: ServiceEnvironment): UntypedServiceImplementation;
  /** What serves the method of that key of `definition`, for who calls within this process and answers for who may. */
  handlerOf(key: string): AnyHandler;
}

export interface ServiceEnvironment {
  readonly transport: Transport;
  readonly gatekeeper: Gatekeeper;
  readonly logger: Logger;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/** Stands for bytes that are no message of the method's type: the sender's fault, which grpc-js would call INTERNAL. */
export class MalformedMessage {
  constructor(private readonly error: RpcError) {}

  toError(): RpcError {
    return this.error;
  }
}

type AnyMethod = MethodDefinition<unknown, unknown>;
type AnyHandler = (first: unknown, context: CallContext) => unknown;

/** Offers `handlers` under a generated service definition. */
export function offerService<Service extends ServiceDefinition>(
  service: Service,
  handlers: Handlers<Service>,
): OfferedService {
  const methods = Object.entries(service) as [string, AnyMethod][];
  const handlerOf = (key: string): AnyHandler =>
    (handlers[key] as AnyHandler | undefined) ?? unimplemented(service[key] as AnyMethod);
  return {
    name: methods[0]?.[1].path.split('/')[1] ?? '',
    definition: Object.fromEntries(methods.map(([key, method]) => [key, tolerant(method)])),
    bind: (environment) =>
      Object.fromEntries(
        methods.map(([key, method]) => [key, bindMethod({ method, handler: handlerOf(key), environment })]),
      ),
    handlerOf,
  };
}

interface Binding {
  readonly method: AnyMethod;
  readonly handler: AnyHandler;
  readonly environment: ServiceEnvironment;
}

function bindMethod(binding: Binding): UntypedHandleCall {
  if (binding.method.requestStream) {
    return (call: ServerDuplexStream<unknown, unknown>) => serveDuplex(binding, call);
  }
  if (binding.method.responseStream) {
    return (call: ServerWritableStream<unknown, unknown>) => void serveStream(binding, call);
  }
  return (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) =>
    void serveUnary(binding, call, answer);
}

async function serveUnary(
  binding: Binding,
  call: ServerUnaryCall<unknown, unknown>,
  answer: sendUnaryData<unknown>,
): Promise<void> {
  const { handler, environment } = binding;
  let admission: Admission | undefined;
  try {
    admission = admit(binding, call, call.request);
    const { caller } = admission;
    const response = await handler(wellFormed(call.request), { caller, signal: environment.stopping });
    // On record before the caller knows of it.
    admission.end(undefined);
    answer(null, response);
  } catch (error) {
    answer(conclude(error, binding, admission));
  }
}

async function serveStream(binding: Binding, call: ServerWritableStream<unknown, unknown>): Promise<void> {
  const { handler, environment } = binding;
  const end = new StreamEnd(call, environment.stopping);
  let admission: Admission | undefined;
  try {
    admission = admit(binding, call, call.request, (why) => end.refuse(why));
    const { caller } = admission;
    const context = { caller, signal: end.signal };
    const messages = handler(wellFormed(call.request), context) as AsyncIterable<unknown>;
    call.sendMetadata(new Metadata());
    for await (const message of messages) {
      if (end.signal.aborted) break;
      await writeThrough(call, message, end.signal);
    }
    if (end.error !== undefined) throw end.error;
    admission.end(undefined);
    call.end();
  } catch (error) {
    if (end.isGone) admission?.end(undefined);
    else call.emit('error', conclude(end.error ?? error, binding, admission));
  } finally {
    end.forget();
  }
}

/** What ends a stream from outside of its handler: the caller goes, the server stops, or the caller may not have it any more. */
class StreamEnd {
  readonly #over = new AbortController();
  readonly #stop = (): void => this.refuse(stoppingError());
  /** What the caller is to be told of it. */
  error: RpcError | undefined;
  /** Whether the caller has gone. */
  isGone = false;

  constructor(
    call: ServerWritableStream<unknown, unknown>,
    private readonly stopping: AbortSignal,
  ) {
    const leave = (): void => {
      this.isGone = true;
      this.#over.abort();
    };
    call.on('cancelled', leave);
    call.on('close', leave);
    // Not AbortSignal.any: in Node 20 the signal that lives on remembers each of those that hang on it.
    stopping.addEventListener('abort', this.#stop, { once: true });
    if (stopping.aborted) this.#stop();
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  refuse(why: RpcError): void {
    this.error ??= why;
    this.#over.abort();
  }

  forget(): void {
    this.stopping.removeEventListener('abort', this.#stop);
  }
}

/** Resolves when the message has left for the peer, or nobody wants it any more: nothing piles up for a slow one. */
function writeThrough(
  call: ServerWritableStream<unknown, unknown>,
  message: unknown,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    call.write(message, done);
  });
}

function serveDuplex(binding: Binding, call: ServerDuplexStream<unknown, unknown>): void {
  const { handler, environment } = binding;
  let admission: Admission | undefined;
  try {
    const admitted = admit(binding, call, undefined, (why) => call.emit('error', why.toServiceError()));
    admission = admitted;
    call.once('close', () => admitted.end(undefined));
    call.prependListener('error', (error) => admitted.end(RpcError.fromServiceError(error as ServiceError)));
    if (call.cancelled) admitted.end(undefined);
    else handler(call, { caller: admitted.caller, signal: environment.stopping });
  } catch (error) {
    call.emit('error', conclude(error, binding, admission));
  }
}

function admit(
  { method, environment }: Binding,
  call: IncomingCall['call'],
  request: unknown,
  onLost?: (why: RpcError) => void,
): Admission {
  const { transport, gatekeeper } = environment;
  return gatekeeper.admit({ call, transport, path: method.path, request, ...(onLost && { onLost }) });
}

/** What the caller is told of an error; on record before that. */
function conclude(
  error: unknown,
  { method, environment }: Binding,
  admission: Admission | undefined,
): ServiceError {
  const told = toRpcError(error, method.path, environment.logger);
  admission?.end(told);
  return told.toServiceError();
}

function unimplemented({ path }: AnyMethod): AnyHandler {
  return () => {
    throw new RpcError(status.UNIMPLEMENTED, `${path.slice(1)} is not served by this version of nsgate`);
  };
}

/** Told to streams that are open when the controller stops: clients connect again. */
export function stoppingError(): RpcError {
  return new RpcError(status.UNAVAILABLE, 'the controller is stopping');
}

function wellFormed(request: unknown): unknown {
  if (request instanceof MalformedMessage) throw request.toError();
  return request;
}

/** The method, with requests that are a stream or cannot be decoded handed on, and answers that are encoded already let through. */
function tolerant(method: AnyMethod): AnyMethod {
  return {
    ...method,
    requestDeserialize: method.requestStream ? (bytes) => bytes : (bytes) => decode(method, bytes),
    responseSerialize: (message) => (Buffer.isBuffer(message) ? message : method.responseSerialize(message)),
  };
}

function decode(method: AnyMethod, bytes: Buffer): unknown {
  try {
    return method.requestDeserialize(bytes);
  } catch (cause) {
    return new MalformedMessage(
      new RpcError(status.INVALID_ARGUMENT, 'the request is no message of this method', { cause }),
    );
  }
}
