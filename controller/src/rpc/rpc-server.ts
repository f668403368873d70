/** One gRPC listener with its services, health and reflection. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { causeOf, StartupError } from '../startup-error';
import type { Transport } from './caller';
import { addReflection } from './reflection';
import type { OfferedService } from './service';
import { claimSocketPath, withSocketMode } from './unix-socket';

/** Where to listen, with what to prove who one is. */
export type Listener =
  | { readonly transport: 'unix-socket'; readonly path: string }
  | { readonly transport: 'mutual-tls'; readonly address: string; readonly credentials: ServerCredentials };

export interface RpcServerOptions {
  readonly listener: Listener;
  readonly services: readonly OfferedService[];
  readonly health: HealthImplementation;
  /** Of the files that reflection shows. */
  readonly descriptors: Buffer[];
  readonly logger: Logger;
}

const SERVER_OPTIONS = {
  // A host's whole report may exceed the default of 4 MiB.
  'grpc.max_receive_message_length': 16 << 20,
  // What a peer may be sent is bounded by what it asks for; see page.ts and policy-parser.ts.
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
};

export class RpcServer {
  readonly #server = new Server(SERVER_OPTIONS);
  readonly #stopping = new AbortController();

  constructor(private readonly options: RpcServerOptions) {
    const { services, health, descriptors, listener, logger } = options;
    const environment = { transport: listener.transport, logger, stopping: this.#stopping.signal };
    for (const service of services) this.#server.addService(service.definition, service.bind(environment));
    health.addToServer(this.#server);
    addReflection(this.#server, descriptors);
  }

  /** Opens the listener. StartupError says in one line why it cannot be opened. Gives the TCP port, 0 for a socket. */
  async listen(): Promise<number> {
    const { listener } = this.options;
    if (listener.transport === 'mutual-tls') return this.#bind(listener.address, listener.credentials);
    await claimSocketPath(listener.path);
    await withSocketMode(async () => {
      await this.#bind(`unix:${listener.path}`, ServerCredentials.createInsecure());
    });
    return 0;
  }

  /** Takes no more calls, ends open streams, waits for the calls that run, and after `graceMs` cuts what is left. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
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

  #bind(address: string, credentials: ServerCredentials): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(new StartupError(`cannot listen on ${address}: ${explain(error)}`, { cause: error }));
      };
      try {
        this.#server.bindAsync(address, credentials, (error, port) => {
          if (error === null) resolve(port);
          else fail(error);
        });
      } catch (error) {
        fail(error);
      }
    });
  }
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
