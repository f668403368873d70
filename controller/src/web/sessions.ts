/** Who has logged in by a token. Sessions live in memory, tokens with them: they end with the controller. */
import { randomBytes } from 'node:crypto';

/** Neither is sent over anything but TLS, nor with requests that other sites make (RFC 6265bis, __Host- prefix). */
const COOKIE = '__Host-nsgate';
const LIFE_MS = 12 * 3_600_000;
const MAX_SESSIONS = 1000;

interface Session {
  readonly token: string;
  readonly endsAt: number;
}

export class Sessions {
  /** Oldest first. */
  readonly #sessions = new Map<string, Session>();

  /** `now` in milliseconds, of a clock that only rises. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Gives the Set-Cookie header. The oldest session ends when there are too many. */
  begin(token: string): string {
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(id, { token, endsAt: this.now() + LIFE_MS });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    return `${COOKIE}=${id}; Max-Age=${LIFE_MS / 1000}; ${ATTRIBUTES}`;
  }

  /** The token by which the cookie's session began; undefined without one that goes on. */
  find(cookieHeader: string | undefined): string | undefined {
    const id = sessionId(cookieHeader);
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    if (this.now() < session.endsAt) return session.token;
    this.#sessions.delete(id);
    return undefined;
  }

  /** Gives the Set-Cookie header that makes the browser forget. */
  end(cookieHeader: string | undefined): string {
    this.#sessions.delete(sessionId(cookieHeader));
    return `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;
  }
}

const ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=Strict';

function sessionId(cookieHeader = ''): string {
  for (const pair of cookieHeader.split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === COOKIE) return value ?? '';
  }
  return '';
}
