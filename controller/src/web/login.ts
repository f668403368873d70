/** Logging in by a token, by a form that needs no script; and out. */
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Logger } from 'pino';
import { LoginThrottle } from './login-throttle';
import type { Sessions } from './sessions';
import type { TokenFile } from './token-file';

const MAX_FORM_BYTES = 4096;

export interface LoginOptions {
  /** The page with `{{next}}`, `{{message}}` and `{{form}}` (or nothing, where there are no tokens) in it. */
  readonly page: string;
  /** Undefined: certificates only. */
  readonly tokens: { readonly file: TokenFile; readonly sessions: Sessions } | undefined;
  readonly logger: Logger;
}

export class Login {
  readonly #throttle = new LoginThrottle();

  constructor(private readonly options: LoginOptions) {}

  /** The login page in place of what was asked for. */
  sendPage(
    response: Http2ServerResponse,
    code: number,
    { next, message }: { next: string; message: string },
  ): void {
    const { page, tokens } = this.options;
    const hint = tokens === undefined ? 'This controller takes certificates of operators only.' : message;
    const body = page
      .replaceAll('{{next}}', encodeURIComponent(localPath(next)))
      .replaceAll('{{message}}', escapeHtml(hint))
      .replaceAll('{{tokens}}', tokens === undefined ? 'off' : 'on');
    response.writeHead(code, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(body);
  }

  /** POST /login?next=PATH with the form. */
  async logIn(request: Http2ServerRequest, response: Http2ServerResponse, url: URL): Promise<void> {
    const next = localPath(url.searchParams.get('next') ?? '/');
    const address = request.socket.remoteAddress ?? '';
    const wait = this.#throttle.waitSeconds(address);
    if (wait > 0) {
      response.setHeader('retry-after', String(wait));
      this.sendPage(response, 429, { next, message: `Too many failed tries. Wait ${wait} s.` });
      return;
    }
    const { tokens, logger } = this.options;
    const token = new URLSearchParams(await readForm(request)).get('token') ?? '';
    const hash = tokens?.file.find(token.trim());
    if (tokens === undefined || hash === undefined) {
      this.#throttle.noteFailure(address);
      logger.warn({ address }, 'web: login with an unknown token');
      this.sendPage(response, 401, { next, message: 'This token is not known.' });
      return;
    }
    logger.info({ address, viewer: hash.slice(0, 12) }, 'web: login');
    response.writeHead(303, {
      location: next,
      'set-cookie': tokens.sessions.begin(hash),
      'cache-control': 'no-store',
    });
    response.end();
  }

  logOut(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const cookie = this.options.tokens?.sessions.end(request.headers.cookie);
    response.writeHead(303, {
      location: '/',
      'cache-control': 'no-store',
      ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
    });
    response.end();
  }
}

/** A path of this site: `//elsewhere` would be another one. */
function localPath(path: string): string {
  return /^\/(?![/\\])[^\s\\]*$/.test(path) ? path : '/';
}

/** The body, cut where no form of ours would go on. */
async function readForm(request: Http2ServerRequest): Promise<string> {
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    body += chunk.toString('latin1');
    if (body.length > MAX_FORM_BYTES) break;
  }
  return body.slice(0, MAX_FORM_BYTES);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
