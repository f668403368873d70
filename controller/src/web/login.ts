/** Logging in by a token, by a form that needs no script; and out. */
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Logger } from 'pino';
import { LoginThrottle } from './login-throttle';
import type { Sessions } from './sessions';
import type { ViewerCheck } from './viewer';

/** JWTs are long. */
const MAX_FORM_BYTES = 20_000;

export interface LoginOptions {
  /** The page with `{{next}}`, `{{message}}` and `{{tokens}}` (`on`, or `off` where nobody has one) in it. */
  readonly page: string;
  readonly viewers: ViewerCheck;
  readonly sessions: Sessions;
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
    const { page, viewers } = this.options;
    const takesTokens = viewers.takesTokens();
    const hint = takesTokens ? message : 'This controller takes certificates of operators only.';
    const body = page
      .replaceAll('{{next}}', encodeURIComponent(localPath(next)))
      .replaceAll('{{message}}', escapeHtml(hint))
      .replaceAll('{{tokens}}', takesTokens ? 'on' : 'off');
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
    const { viewers, sessions, logger } = this.options;
    const token = (new URLSearchParams(await readForm(request)).get('token') ?? '').trim();
    const told = await viewers.ofToken(token);
    if (told.outcome === 'refused') {
      const { reason } = told;
      this.#throttle.noteFailure(address);
      logger.warn({ address, reason }, 'web: login refused');
      this.sendPage(response, 401, { next, message: `You cannot log in by this token: ${reason}.` });
      return;
    }
    logger.info({ address, viewer: told.viewer.name }, 'web: login');
    response.writeHead(303, {
      location: next,
      'set-cookie': sessions.begin(token),
      'cache-control': 'no-store',
    });
    response.end();
  }

  logOut(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const cookie = this.options.sessions.end(request.headers.cookie);
    response.writeHead(303, { location: '/', 'cache-control': 'no-store', 'set-cookie': cookie });
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
