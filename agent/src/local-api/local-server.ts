/** What the agent tells on its own host, over HTTP: status, /metrics and /healthz on a Unix socket; the last two on loopback too. */
import { chmodSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { ConfigFault } from '../config/config';
import type { Metrics } from './metrics';
import { troubles, type AgentStatus } from './status';

export interface LocalServerOptions {
  socket: string;
  /** HOST:PORT on loopback. */
  metricsListen: string | undefined;
  status: () => AgentStatus;
  metrics: Metrics;
  log: Logger;
}

interface Answer {
  code: number;
  type: 'text/plain; charset=utf-8' | 'application/json';
  body: string;
}

export class LocalServer {
  readonly #servers: Server[] = [];

  constructor(private readonly options: LocalServerOptions) {}

  /** What cannot be listened on is logged: to enforce is more than to tell of it. */
  start(): void {
    const { socket, metricsListen } = this.options;
    this.#listen(socket, (server) => {
      mkdirSync(dirname(socket), { recursive: true });
      removeStale(socket);
      server.listen(socket, () => chmodSync(socket, 0o600));
    });
    if (metricsListen === undefined) return;
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(metricsListen) ?? [];
    this.#listen(metricsListen, (server) => server.listen(Number(port), host));
  }

  stop(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  #listen(where: string, listen: (server: Server) => void): void {
    const isPrivate = where === this.options.socket;
    const server = createServer((asked, answered) => void this.#answer(asked, answered, isPrivate));
    server.on('error', (error) =>
      this.options.log.error({ err: error, where }, 'cannot be asked for status here'),
    );
    this.#servers.push(server);
    try {
      listen(server);
    } catch (error) {
      this.options.log.error({ err: error, where }, 'cannot be asked for status here');
    }
  }

  async #answer(
    { url, method }: IncomingMessage,
    response: ServerResponse,
    isPrivate: boolean,
  ): Promise<void> {
    const { code, type, body } = await this.#answerTo(method === 'GET' ? (url ?? '') : '', isPrivate).catch(
      (error: unknown): Answer => ({ code: 500, type: TEXT, body: `${String(error)}\n` }),
    );
    response.writeHead(code, { 'content-type': type });
    response.end(body);
  }

  async #answerTo(path: string, isPrivate: boolean): Promise<Answer> {
    if (path === '/metrics') return { code: 200, type: TEXT, body: await this.options.metrics.text() };
    if (path === '/healthz') return health(this.options.status());
    if (path === '/status' && isPrivate) {
      return { code: 200, type: 'application/json', body: JSON.stringify(this.options.status()) };
    }
    return { code: 404, type: TEXT, body: 'ask for /metrics or /healthz\n' };
  }
}

const TEXT = 'text/plain; charset=utf-8';

function health(status: AgentStatus): Answer {
  const wrong = troubles(status);
  if (wrong.length === 0) return { code: 200, type: TEXT, body: 'ok\n' };
  return { code: 503, type: TEXT, body: `${wrong.join('\n')}\n` };
}

/** A socket that a killed agent left behind. */
function removeStale(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Throws ConfigFault while another agent answers there: the two would take turns in undoing what the other does. */
export async function demandAlone(socket: string): Promise<void> {
  const isRunning = await askForStatus(socket).then(
    () => true,
    () => false,
  );
  if (isRunning)
    throw new ConfigFault(`an agent is running already, and answers at ${socket}: stop it first`);
}

/** Asks the agent that runs on this host. Rejects when none does. */
export function askForStatus(socket: string): Promise<AgentStatus> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, path: '/status', timeout: 5000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(body) as AgentStatus);
        else reject(new Error(`the agent answers ${response.statusCode ?? 0}: ${body.trim()}`));
      });
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('the agent does not answer')));
    asked.on('error', reject);
    asked.end();
  });
}
