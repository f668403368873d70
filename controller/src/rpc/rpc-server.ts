/** One gRPC listener with its services, health and reflection. */
import { createServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { causeOf, StartupError } from '../startup-error';
import type { Transport } from './caller';
import { ConnectionGate } from './connection-gate';
import type { Gatekeeper } from './gatekeeper';
import { addReflection } from './reflection';
import { requestGuard } from './request-guard';
import type { OfferedService } from './service';
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
  readonly logger: Logger;
}

const SERVER_OPTIONS = {
  // A host's whole report may exceed the default of 4 MiB.
  'grpc.max_receive_message_length': 16 << 20,
  // What a peer may be sent is bounded by what it asks for; see page.ts and policy-parser.ts.
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_concurrent_streams': 128,
  // Also of a peer that has shaken hands and says nothing more.
  'grpc.max_connection_idle_ms': 300_000,
  'grpc.enable_channelz': 0,
};

export class RpcServer {
  readonly #server: Server;
  readonly #stopping = new AbortController();
  #door: NetServer | undefined;

  constructor(private readonly options: RpcServerOptions) {
    const { services, health, descriptors, listener, gatekeeper, logger } = options;
    const { transport } = listener;
    const paths = new Set(
      services.flatMap(({ definition }) => Object.values(definition).map(({ path }) => path)),
    );
    const guard = requestGuard({ transport, gatekeeper, isGuarded: (path) => paths.has(path) });
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
    return 0;
  }

  /** Takes no more calls, ends open streams, waits for the calls that run, and after `graceMs` cuts what is left. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.#door?.close();
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

  /** Connections are counted before grpc-js sees them, and so before the work of a handshake. */
  #openDoor(address: string, credentials: ServerCredentials): Promise<number> {
    const injector = this.#server.createConnectionInjector(credentials);
    const gate = new ConnectionGate();
    const door = createServer((socket) => {
      if (gate.admit(socket)) injector.injectConnection(socket);
      else socket.destroy();
    });
    this.#door = door;
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
    return new Promise((resolve, reject) => {
      door.once('error', (error) => reject(cannotListen(address, error)));
      door.listen({ host: host.replace(/^\[|\]$/g, ''), port: Number(port), noDelay: true }, () => {
        resolve((door.address() as AddressInfo).port);
      });
    });
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
