/** The web page's HTTPS listener: who is known is served, everybody else sees the login page. HTTP/2, and HTTP/1.1 for who wants it. */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { TlsFiles } from '@nsgate/proto';
import type { Logger } from 'pino';
import type { LiveAccess } from '../access/live-access';
import type { OfferedService } from '../rpc/service';
import { mendSessionEnds } from '../rpc/session-end';
import { causeOf, StartupError } from '../startup-error';
import { API_PATH, ApiBridge, sendJson } from './api-bridge';
import { Login } from './login';
import { readApiDescription } from './method-codec';
import { Sessions } from './sessions';
import { builtPagesFolder, StaticFiles } from './static-files';
import { ViewerCheck, type Viewer } from './viewer';

export interface WebServerOptions {
  /** HOST:PORT. */
  readonly address: string;
  readonly tls: TlsFiles;
  /** Says who may look. */
  readonly access: LiveAccess;
  /** Of certificates. */
  readonly trustDomain: string;
  readonly services: readonly OfferedService[];
  /** Of the API (google.protobuf.FileDescriptorSet). */
  readonly descriptorPath: string;
  readonly version: string;
  readonly logger: Logger;
}

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
const ASSETS_PATH = '/assets/';
/** Stands for whatever the viewer calls this controller. */
const ORIGIN = 'https://controller';
const MAX_HEADER_BYTES = 16_384;
/** How soon a stream ends whose viewer is no longer known. */
const LOOK_AGAIN_MS = 5_000;
const STOP_GRACE_MS = 1_000;

export class WebServer {
  readonly #server: Http2SecureServer;
  readonly #files = new StaticFiles(builtPagesFolder());
  readonly #login: Login;
  readonly #viewers: ViewerCheck;
  readonly #api: ApiBridge;
  readonly #stopping = new AbortController();
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #endMending: () => void;

  /** StartupError when something that it needs cannot be read. */
  constructor(private readonly options: WebServerOptions) {
    const { services, logger, descriptorPath, access, trustDomain } = options;
    const sessions = new Sessions();
    this.#viewers = new ViewerCheck({ access, trustDomain, sessions });
    this.#login = new Login({ page: this.#files.login, viewers: this.#viewers, sessions, logger });
    const registry = readApiDescription(descriptorPath);
    this.#api = new ApiBridge({ services, registry, logger, stopping: this.#stopping.signal });
    this.#server = this.#makeServer(options.tls);
    this.#endMending = mendSessionEnds(this.#server);
  }

  /** Opens the listener and gives its port. StartupError says in one line why it cannot be opened. */
  listen(): Promise<number> {
    const { address } = this.options;
    const [, host = '', port = '0'] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(
          new StartupError(`cannot serve the web page on ${address}: ${causeOf(error)}`, { cause: error }),
        );
      });
      this.#server.listen({ host, port: Number(port) }, () => {
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Reads the certificates again, for connections to come. An Error says what is wrong, and what was read before goes on. */
  reload(): void {
    this.#server.setSecureContext(readContext(this.options.tls));
  }

  /** Ends open streams, and cuts what does not end by itself. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, STOP_GRACE_MS);
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const session of this.#sessions) session.close();
    });
    clearTimeout(timer);
    this.#endMending();
  }

  #makeServer(tls: TlsFiles): Http2SecureServer {
    const server = createSecureServer({
      ...readContext(tls),
      allowHTTP1: true,
      requestCert: true,
      // Who has no certificate may have a token; viewer.ts looks at both.
      rejectUnauthorized: false,
      settings: { maxConcurrentStreams: 64, maxHeaderListSize: MAX_HEADER_BYTES },
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
    server.on('request', (request, response) => void this.#serve(request, response));
    return server;
  }

  async #serve(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    try {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
      await this.#route(request, response);
    } catch (error) {
      if (response.destroyed) return;
      this.options.logger.error({ err: error, url: request.url }, 'web: request failed');
      sendJson(response, 500, { error: { code: 'INTERNAL', message: 'internal error', violations: [] } });
    }
  }

  async #route(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const { method } = request;
    if (!URL.canParse(request.url, ORIGIN)) refuse(response, 400, 'this is no path');
    else if (method === 'POST') await this.#post(request, response, new URL(request.url, ORIGIN));
    else if (method === 'GET' || method === 'HEAD') {
      await this.#get(request, response, new URL(request.url, ORIGIN));
    } else refuseMethod(response);
  }

  async #post(request: Http2ServerRequest, response: Http2ServerResponse, url: URL): Promise<void> {
    if (url.pathname === '/login' && isOwnForm(request)) await this.#login.logIn(request, response, url);
    else if (url.pathname === '/logout' && isOwnForm(request)) this.#login.logOut(request, response);
    else refuseMethod(response);
  }

  async #get(request: Http2ServerRequest, response: Http2ServerResponse, url: URL): Promise<void> {
    const asset = url.pathname.startsWith(ASSETS_PATH) ? url.pathname.slice(ASSETS_PATH.length) : undefined;
    const viewer = await this.#viewers.identify(request);
    if (asset !== undefined && (viewer !== undefined || this.#files.isPublic(asset))) {
      if (!this.#files.sendAsset(asset, request, response)) refuse(response, 404, 'there is no such file');
    } else if (viewer === undefined) this.#turnAway(response, url);
    else await this.#show({ viewer, request, response, url });
  }

  #turnAway(response: Http2ServerResponse, url: URL): void {
    const isPage = !url.pathname.startsWith('/api/') && !url.pathname.startsWith(ASSETS_PATH);
    if (isPage) this.#login.sendPage(response, 401, { next: url.pathname + url.search, message: '' });
    else refuse(response, 401, 'log in, or come with a token or the certificate of an operator');
  }

  async #show({ viewer, request, response, url }: Visit): Promise<void> {
    if (url.pathname === '/api/session') {
      sendJson(response, 200, { viewer, version: this.options.version });
    } else if (url.pathname.startsWith(API_PATH)) {
      const { signal, done } = this.#watch(request, response);
      await this.#api.serve({ viewer, url, request, response, signal }).finally(done);
    } else if (url.pathname.startsWith('/api/')) refuse(response, 404, 'there is no such resource');
    else this.#files.sendApp(request, response);
  }

  /** For as long as the viewer is there and known, and the server runs. */
  #watch(
    request: Http2ServerRequest,
    response: Http2ServerResponse,
  ): { signal: AbortSignal; done: () => void } {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const timer = setInterval(() => {
      void this.#viewers.identify(request).then((viewer) => {
        if (viewer === undefined) gone.abort();
      });
    }, LOOK_AGAIN_MS);
    return {
      signal: AbortSignal.any([gone.signal, this.#stopping.signal]),
      done: () => clearInterval(timer),
    };
  }
}

/** Somebody known, and what is asked for. */
interface Visit {
  readonly viewer: Viewer;
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly url: URL;
}

/** Whether a form was sent from a page of ours, as far as the browser tells (https://www.w3.org/TR/fetch-metadata/). */
function isOwnForm({ headers }: Http2ServerRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}

function refuse(response: Http2ServerResponse, code: number, message: string): void {
  sendJson(response, code, { error: { code: CODES[code] ?? 'UNKNOWN', message, violations: [] } });
}

function refuseMethod(response: Http2ServerResponse): void {
  refuse(response, 405, 'everything here is read-only');
}

/** As google/rpc/code.proto names them. */
const CODES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
};

function readContext({ ca, cert, key }: TlsFiles): SecureContextOptions {
  try {
    const pems = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
    // Sessions are not resumed: each connection is judged by the certificates of its day.
    return { ...pems, minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET };
  } catch (error) {
    throw new StartupError(`cannot read the certificates of the web page: ${causeOf(error)}`, {
      cause: error,
    });
  }
}
