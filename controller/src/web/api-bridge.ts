/**
 * The operators' services for browsers: `GET /api/v1/<Service>/<Method>?request=<JSON>` answers in JSON, or with server-sent events
 * where the method streams. Requests are decoded, checked and answered by the services themselves.
 *
 * Events of a stream: `open` ({"resumed": whether it goes on after the Last-Event-ID, or begins anew}), then a message each, with an
 * `id` where it can be resumed after it, and at the end `failure` (as a refused call is answered) unless the viewer has left.
 */
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FileRegistry } from '@bufbuild/protobuf';
import { status, type MethodDefinition } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { Logger } from 'pino';
import { NOTHING_PERMITTED } from '../rpc/call-permit';
import { toServiceError } from '../rpc/call-errors';
import { stoppingError, type CallContext, type OfferedService } from '../rpc/service';
import { EventStream } from './event-stream';
import { errorBody, httpStatus } from './http-status';
import { MethodCodec } from './method-codec';
import { Quota } from './quota';
import { READ_METHODS, type ReadMethod, type Resumption } from './read-methods';
import type { Viewer } from './viewer';

export const API_PATH = '/api/v1/';

const REVISION = /^[1-9][0-9]{0,19}$/;

type Json = Record<string, unknown>;

/** A method that viewers may call. */
interface OpenMethod {
  readonly path: string;
  readonly read: ReadMethod;
  readonly codec: MethodCodec;
  readonly handler: (request: unknown, context: CallContext) => unknown;
}

export interface ApiCall {
  readonly viewer: Viewer;
  readonly url: URL;
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  /** Aborted when the viewer has gone, or is no longer known, or the server stops. */
  readonly signal: AbortSignal;
}

export interface ApiBridgeOptions {
  readonly services: readonly OfferedService[];
  readonly registry: FileRegistry;
  readonly logger: Logger;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

export class ApiBridge {
  readonly #methods: ReadonlyMap<string, OpenMethod>;
  /** A page has four; a token may be that of every screen in an operations room. */
  readonly #streams = new Quota({ what: 'streams', ofViewer: 128, ofAll: 512 });
  readonly #calls = new Quota({ what: 'calls', ofViewer: 32, ofAll: 256 });

  constructor(private readonly options: ApiBridgeOptions) {
    this.#methods = new Map(options.services.flatMap((service) => openMethods(service, options.registry)));
  }

  /** Answers the call, errors included. */
  async serve(call: ApiCall): Promise<void> {
    const name = call.url.pathname.slice(API_PATH.length);
    try {
      const method = this.#methods.get(name);
      if (method === undefined) {
        throw new RpcError(status.NOT_FOUND, 'no method of this name can be called from here');
      }
      await this.#within(method.read.kind === 'stream' ? this.#streams : this.#calls, method, call);
    } catch (error) {
      const told = this.#told(error, name);
      sendJson(call.response, httpStatus(told.code), errorBody(told));
    }
  }

  async #within(quota: Quota, method: OpenMethod, call: ApiCall): Promise<void> {
    const release = quota.take(call.viewer);
    try {
      const request = requestOf(call.url);
      if (method.read.kind === 'stream') await this.#stream(method, request, call);
      else await sendAnswer(call, await this.#ask(method, request, call));
    } finally {
      release();
    }
  }

  async #ask({ codec, handler }: OpenMethod, request: Json, call: ApiCall): Promise<Json> {
    return codec.writeResponse(await handler(codec.readRequest(request), contextOf(call)));
  }

  async #stream(method: OpenMethod, request: Json, call: ApiCall): Promise<void> {
    const resume = method.read.kind === 'stream' ? method.read.resume : undefined;
    const lastId = resume && lastEventId(call.request);
    const events = new EventStream(call.response, call.signal);
    try {
      if (resume === undefined || lastId === undefined) await this.#send(method, request, { call, events });
      else await this.#resume(method, { request, resume, lastId }, { call, events });
    } catch (error) {
      const shown = this.options.stopping.aborted ? stoppingError() : error;
      if (!call.response.destroyed) events.fail(errorBody(this.#told(shown, method.path)));
    } finally {
      events.end();
    }
  }

  /** A place that is not held any more is no error: the stream begins anew. */
  async #resume(
    method: OpenMethod,
    { request, resume, lastId }: { request: Json; resume: Resumption; lastId: string },
    sink: Sink,
  ): Promise<void> {
    try {
      await this.#send(method, { ...request, [resume.requestField]: lastId }, { ...sink, resumed: true });
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== status.OUT_OF_RANGE) throw error;
      await this.#send(method, request, sink);
    }
  }

  async #send(
    { codec, handler, read }: OpenMethod,
    request: Json,
    { call, events, resumed = false }: Sink,
  ): Promise<void> {
    const messages = handler(codec.readRequest(request), contextOf(call)) as AsyncIterable<unknown>;
    await events.send({ event: 'open', data: { resumed } });
    for await (const message of messages) {
      if (call.signal.aborted) break;
      const data = codec.writeResponse(message);
      await events.send({ id: read.kind === 'stream' ? eventId(data, read.resume) : undefined, data });
    }
    if (this.options.stopping.aborted) throw stoppingError();
  }

  #told(error: unknown, method: string): RpcError {
    return RpcError.fromServiceError(toServiceError(error, method, this.options.logger));
  }
}

/** Where the messages of a stream go. */
interface Sink {
  readonly call: ApiCall;
  readonly events: EventStream;
  readonly resumed?: boolean;
}

function openMethods(service: OfferedService, registry: FileRegistry): [string, OpenMethod][] {
  return Object.entries(service.definition).flatMap(([key, definition]): [string, OpenMethod][] => {
    const path = definition.path.replace(/^\/nsgate\.v1\./, '');
    const read = READ_METHODS.get(path);
    if (read === undefined) return [];
    const codec = new MethodCodec(definition as MethodDefinition<unknown, unknown>, registry);
    return [[path, { path, read, codec, handler: service.handlerOf(key) }]];
  });
}

/** To the services, who looks is an operator: what viewers may not do is not among READ_METHODS. */
function contextOf({ viewer, signal }: ApiCall): CallContext {
  const caller = {
    kind: 'operator',
    id: viewer.name,
    peer: 'web',
    permit: NOTHING_PERMITTED,
    demandStanding,
  } as const;
  return { caller, signal };
}

function requestOf(url: URL): Json {
  try {
    const value: unknown = JSON.parse(url.searchParams.get('request') ?? '{}');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Told below, as other values that are no object are.
  }
  throw new RpcError(status.INVALID_ARGUMENT, '?request= is no JSON object');
}

function lastEventId({ headers }: Http2ServerRequest): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && REVISION.test(id) ? id : undefined;
}

function eventId(message: Json, resume: Resumption | undefined): string | undefined {
  const id = resume && message[resume.responseField];
  return typeof id === 'string' ? id : undefined;
}

/** Of the API, nothing may be kept by anybody on the way. */
const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };
/** Less fits into a packet or two as it is. */
const WORTH_PACKING_BYTES = 2048;
const pack = promisify(gzip);

export function sendJson(response: Http2ServerResponse, code: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(code, JSON_HEADERS);
  response.end(`${JSON.stringify(body)}\n`);
}

/** A day of statistics is 300 KB, and 20 packed. */
async function sendAnswer({ request, response }: ApiCall, body: Json): Promise<void> {
  const accepts = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const text = `${JSON.stringify(body)}\n`;
  if (!accepts || text.length < WORTH_PACKING_BYTES) {
    sendJson(response, 200, body);
    return;
  }
  const packed = await pack(text);
  if (response.destroyed) return;
  response.writeHead(200, { ...JSON_HEADERS, 'content-encoding': 'gzip', vary: 'accept-encoding' });
  response.end(packed);
}

/** Viewers have no certificate of a host. */
function demandStanding(): void {
  return;
}
