/** The web server over real services in this process, on a port of its own, for tests. */
import { writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { LOCAL_TRUST_DOMAIN, type TlsFiles } from '@nsgate/proto';
import { pino, type Logger } from 'pino';
import { LiveAccess } from '../access/live-access';
import { Bench } from '../agent-stream/bench.testing';
import { hashSecret } from '../identity/token-hash';
import { addressSetService } from '../operator-api/address-set-service';
import { Failsafe } from '../operator-api/failsafe';
import { fleetService } from '../operator-api/fleet-service';
import { policyService } from '../operator-api/policy-service';
import { resourceService } from '../operator-api/resource-service';
import { statsService } from '../operator-api/stats-service';
import { builtDescriptorPaths } from '../rpc/reflection';
import type { OfferedService } from '../rpc/service';
import { HistoryStore } from '../stats/history-store';
import { StatsFeed } from '../stats/stats-feed';
import type { LabelsOf } from '../stats/stats-grouping';
import { WebServer } from './web-server';

/** Of `token:viewer`. */
export const TOKEN = 'nsgt_YSB0b2tlbiB0aGF0IGlzIGxvbmcgZW5vdWdoLCBhdCBsZWFzdA';

/** An access file by which these tokens are viewers', the first one's name `viewer`, and so is the certificate `alice`. */
export function viewersFile(...tokens: readonly string[]): string {
  const names = tokens.map((_token, i) => (i === 0 ? 'viewer' : `viewer${i + 1}`));
  const principals = ['cert:alice', ...names.map((name) => `token:${name}`)];
  return JSON.stringify({
    bindings: [{ role: 'viewer', principals }],
    tokens: [
      ...tokens.map((token, i) => ({ name: names[i], sha256: hashSecret(token) })),
      { name: 'nobody', sha256: hashSecret(ROLELESS_TOKEN) },
    ],
  });
}

/** Of `token:nobody`, which has no role. */
export const ROLELESS_TOKEN = 'nsgt_bm9ib2R5';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly cookie?: string | undefined;
  readonly client?: Pick<RequestOptions, 'cert' | 'key'>;
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly body?: string;
}

export class WebBench {
  readonly bench = new Bench();
  readonly log: Record<string, unknown>[] = [];
  readonly #accessFile = join(this.bench.folder, 'access.yaml');
  #access!: LiveAccess;
  services: OfferedService[] = [];
  server!: WebServer;
  port = 0;
  #serve: (services: OfferedService[]) => Promise<void> = () => Promise.resolve();

  async start(tls: TlsFiles): Promise<this> {
    await this.bench.start();
    const { store, registry, hub, ledger, rules, packets, folder } = this.bench;
    const logger: Logger = pino(
      {},
      { write: (line) => void this.log.push(JSON.parse(line) as object as never) },
    );
    const labelsOf: LabelsOf = (hostId) => registry.labels(hostId) ?? new Map<string, string>();
    const feed = new StatsFeed({ ledger, labelsOf, onWatched: (watched) => hub.setWatched(watched) });
    const history = new HistoryStore(folder);
    const failsafe = new Failsafe(registry, undefined);
    this.services = [
      policyService({ store, registry, failsafe, logger }),
      addressSetService(store),
      resourceService({ store, failsafe, logger }),
      fleetService({ registry, store, hub, logger }),
      statsService({ feed, ledger, rules, packets, history, labelsOf }),
    ];
    writeFileSync(this.#accessFile, viewersFile(TOKEN));
    this.#access = new LiveAccess(this.#accessFile);
    this.#serve = async (services) => {
      this.server = new WebServer({
        address: '127.0.0.1:0',
        tls,
        access: this.#access,
        trustDomain: LOCAL_TRUST_DOMAIN,
        services,
        descriptorPath: builtDescriptorPaths()[0],
        version: '1.2.3',
        logger,
      });
      this.port = await this.server.listen();
    };
    await this.#serve(this.services);
    return this;
  }

  /** With other services. */
  async restart(change: (services: OfferedService[]) => OfferedService[]): Promise<void> {
    await this.server.stop();
    await this.#serve(change(this.services));
  }

  async end(): Promise<void> {
    await this.server.stop();
    await this.bench.end();
  }

  /** Has the access file hold viewersFile of these. */
  letIn(...tokens: readonly string[]): void {
    this.writeAccess(viewersFile(...tokens));
  }

  writeAccess(text: string): void {
    writeFileSync(this.#accessFile, text);
    this.#access.reload();
  }

  /** The answer's head; its body is read by whoever wants it. */
  open(
    path: string,
    { cookie, client, headers, method = 'GET', body }: Asking = {},
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { ...client, agent: false as const, rejectUnauthorized: false, method };
      const sent = request(`https://127.0.0.1:${this.port}${path}`, options, resolve);
      for (const [name, value] of Object.entries(headers ?? {})) sent.setHeader(name, value);
      if (cookie !== undefined) sent.setHeader('cookie', cookie);
      sent.once('error', reject);
      sent.end(body);
    });
  }

  async ask(path: string, asking: Asking = {}): Promise<Answer> {
    const answer = await this.open(path, asking);
    let body = '';
    for await (const chunk of answer) body += String(chunk);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body };
  }

  async call(method: string, message: object, asking: Asking): Promise<{ status: number; json: never }> {
    const query = encodeURIComponent(JSON.stringify(message));
    const { status, body } = await this.ask(`/api/v1/${method}?request=${query}`, asking);
    return { status, json: JSON.parse(body) as never };
  }

  /** The cookie of a new session. */
  async logIn(token = TOKEN): Promise<string> {
    const { headers } = await this.tryToken(token);
    return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  }

  tryToken(token: string, path = '/login', headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(path, {
      method: 'POST',
      body: new URLSearchParams({ token }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  }
}
