/** One gRPC listener with its services, health and reflection. */
import { setMaxListeners } from 'node:events';
import type { Http2SecureServer } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { causeOf, StartupError } from '../startup-error';
import type { Transport } from './caller';
import { ConnectionGate, type ConnectionLimits } from './connection-gate';
import { Door } from './door';
import type { Gatekeeper } from './gatekeeper';
import { addReflection } from './reflection';
import { requestGuard } from './request-guard';
import type { OfferedService } from './service';
import { mendSessionEnds } from './session-end';
import { SessionWatch } from './session-watch';
import { HTTP2_SETTINGS } from './tls-credentials';
import { claimSocketPath, withSocketMode } from './unix-socket';

/** Where to listen, with what to prove who one is. */
export type Listener =
  | { readonly transport: 'unix-socket'; readonly path: string }
  | { readonly transport: 'tls'; readonly address: string; readonly credentials: ServerCredentials };

export interface RpcServerOptions {
  readonly listener: Listener;
  readonly services: readonly OfferedService[];
  readonly health: HealthImplementation;
  /** Of the files that reflection shows. */
  readonly descriptors: Buffer[];
  readonly gatekeeper: Gatekeeper;
  readonly connectionLimits: ConnectionLimits;
  readonly logger: Logger;
}

const SERVER_OPTIONS = {
  // A host's whole report may exceed the default of 4 MiB.
  'grpc.max_receive_message_length': 16 << 20,
  // What a peer may be sent is bounded by what it asks for; see page.ts and policy-parser.ts.
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Of a peer that answers pings and calls nothing.
  'grpc.max_connection_idle_ms': 60_000,
  // MiB of one connection for header tables, unread answers, and what was not acknowledged.
  'grpc-node.max_session_memory': 64,
  'grpc.max_concurrent_streams': HTTP2_SETTINGS.maxConcurrentStreams,
  'grpc.enable_channelz': 0,
};

export class RpcServer {
  readonly #server: Server;
  readonly #stopping = new AbortController();
  #endMending: (() => void) | undefined;
  #door: Door | undefined;

  constructor(private readonly options: RpcServerOptions) {
    const { services, health, descriptors, listener, gatekeeper, logger } = options;
    const { transport } = listener;
    // Each open stream listens.
    setMaxListeners(0, this.#stopping.signal);
    const guard = requestGuard({ transport, gatekeeper, logger });
    this.#server = new Server({ ...SERVER_OPTIONS, interceptors: [guard] });
    const environment = { transport, gatekeeper, logger, stopping: this.#stopping.signal };
    for (const service of services) this.#server.addService(service.definition, service.bind(environment));
    health.addToServer(this.#server);
    addReflection(this.#server, descriptors);
  }

  /** Opens the listener. StartupError says in one line why it cannot be opened. Gives the TCP port, 0 for a socket. */
  async listen(): Promise<number> {
    const { listener } = this.options;
    if (listener.transport === 'tls') return this.#openDoor(listener.address, listener.credentials);
    await claimSocketPath(listener.path);
    await withSocketMode(() => this.#bind(`unix:${listener.path}`));
    this.#endMending = mendSessionEnds(this.#http2Server());
    return 0;
  }

  /** Takes no more calls, ends open streams, waits for the calls that run, and after `graceMs` cuts what is left. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.#door?.close();
    this.#endMending?.();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #bind(address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(cannotListen(address, error));
      try {
        this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
          if (error === null) resolve();
          else fail(error);
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  async #openDoor(address: string, credentials: ServerCredentials): Promise<number> {
    const { connectionLimits, logger } = this.options;
    const gate = new ConnectionGate(connectionLimits);
    const injector = this.#server.createConnectionInjector(credentials);
    const watch = new SessionWatch(logger);
    const http2 = this.#http2Server();
    http2.on('secureConnection', (socket: TLSSocket) => gate.established(socket));
    http2.on('session', (session) => watch.watch(session));
    this.#endMending = mendSessionEnds(http2);
    this.#door = new Door(gate, (socket) => injector.injectConnection(socket));
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
    try {
      return await this.#door.open(host.replace(/^\[|\]$/g, ''), Number(port));
    } catch (error) {
      throw cannotListen(address, error);
    }
  }

  /** Of the listener. grpc-js keeps it to itself; without it nobody could see what peers do below gRPC. */
  #http2Server(): Http2SecureServer {
    const { http2Servers } = this.#server as unknown as {
      http2Servers: ReadonlyMap<Http2SecureServer, unknown>;
    };
    const [server] = http2Servers.keys();
    if (server === undefined) throw new Error('grpc-js has no HTTP/2 server');
    return server;
  }
}

function cannotListen(address: string, error: unknown): StartupError {
  return new StartupError(`cannot listen on ${address}: ${explain(error)}`, { cause: error });
}

function explain(error: unknown): string {
  const message = causeOf(error);
  if (message.includes('EADDRINUSE')) return 'the address is in use by another process';
  if (message.includes('EADDRNOTAVAIL')) return 'this machine does not have that address';
  if (message.includes('EACCES')) return 'permission denied';
  return message;
}

/** For logs. */
export function describeListener(listener: Listener): { transport: Transport; address: string } {
  const address = listener.transport === 'unix-socket' ? listener.path : listener.address;
  return { transport: listener.transport, address };
}
