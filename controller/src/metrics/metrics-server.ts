/** /metrics and /healthz over HTTP, for Prometheus. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { causeOf, StartupError } from '../startup-error';
import { expose, type MetricFamily, type MetricSource } from './exposition';
import { Pace } from './pace';

export interface MetricsServerOptions {
  /** HOST:PORT. */
  readonly address: string;
  /** In the order in which they are shown. */
  readonly sources: readonly MetricSource[];
  /** Of the process itself. */
  readonly process: Pick<Registry, 'metrics'>;
  readonly logger: Logger;
}

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';
const MAX_CONNECTIONS = 64;

export class MetricsServer {
  readonly #server: Server;
  /** All who ask at one time are told the same. */
  #scrape: Promise<readonly string[]> | undefined;

  constructor(private readonly options: MetricsServerOptions) {
    this.#server = createServer({ requestTimeout: 10_000 }, ({ url, method }, response) => {
      void this.#answer(method === 'GET' ? (url ?? '') : '', response);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Opens the listener and gives its port. StartupError says in one line why it cannot be opened. */
  listen(): Promise<number> {
    const { address } = this.options;
    const [, host = '', port = '0'] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const why = `cannot serve metrics on ${address}: ${causeOf(error)}`;
        reject(new StartupError(why, { cause: error }));
      });
      this.#server.listen({ host, port: Number(port) }, () => {
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    if (url === '/healthz') response.writeHead(200, { 'content-type': TEXT }).end('ok\n');
    else if (url === '/metrics') await this.#tell(response);
    else response.writeHead(404, { 'content-type': TEXT }).end('ask for /metrics or /healthz\n');
  }

  async #tell(response: ServerResponse): Promise<void> {
    try {
      this.#scrape ??= this.#read().finally(() => (this.#scrape = undefined));
      const parts = await this.#scrape;
      response.writeHead(200, { 'content-type': TYPE });
      await pipeline(Readable.from(parts), response);
    } catch (error) {
      if (response.headersSent) return;
      this.options.logger.error({ err: error }, 'metrics cannot be told');
      response.writeHead(500, { 'content-type': TEXT }).end('metrics cannot be told; the log says why\n');
    }
  }

  async #read(): Promise<readonly string[]> {
    const { sources, process } = this.options;
    const [parts, pace] = [[] as string[], new Pace()];
    for await (const part of expose(inTurn(sources, pace), pace)) parts.push(part);
    return [...parts, await process.metrics()];
  }
}

async function* inTurn(sources: readonly MetricSource[], pace: Pace): AsyncGenerator<MetricFamily> {
  for (const source of sources) yield* source(pace);
}
