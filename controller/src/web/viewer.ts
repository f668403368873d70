/**
 * Who looks: whoever has the role of a viewer by the access file, proved by the certificate of an operator, by a bearer token, or by the
 * session that such a token began. Every request is held to the file as it stands then.
 */
import type { Http2ServerRequest } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { identityFromSubjectAltName } from '@nsgate/proto';
import type { LiveAccess } from '../access/live-access';
import { principalName, type Principal } from '../identity/principal';
import type { Sessions } from './sessions';

export interface Viewer {
  readonly how: 'certificate' | 'token';
  /** As in the access file: `cert:NAME`, `token:NAME`, `oidc:NAME`. */
  readonly name: string;
}

/** What a token proves. A reason holds nothing of the token. */
export type TokenOutcome =
  | { readonly outcome: 'known'; readonly viewer: Viewer }
  | { readonly outcome: 'refused'; readonly reason: string };

export interface ViewerCheckOptions {
  readonly access: LiveAccess;
  /** Certificates of any other are nobody's. */
  readonly trustDomain: string;
  readonly sessions: Sessions;
}

const BEARER = /^Bearer +(\S{1,16384})$/i;

export class ViewerCheck {
  constructor(private readonly options: ViewerCheckOptions) {}

  /** Undefined for who is not known, or may not look. */
  async identify(request: Http2ServerRequest): Promise<Viewer | undefined> {
    const [, bearer] = BEARER.exec(request.headers.authorization ?? '') ?? [];
    return (
      this.#ofCertificate(request.socket as TLSSocket) ??
      (bearer === undefined ? await this.#ofSession(request.headers.cookie) : await this.#proved(bearer))
    );
  }

  async ofToken(token: string): Promise<TokenOutcome> {
    const verdict = await this.options.access.checkToken(token);
    if (verdict.outcome === 'refused') return verdict;
    const name = principalName(verdict.principal);
    if (!this.#mayLook(verdict.principal)) {
      return { outcome: 'refused', reason: `${name} does not have the role viewer` };
    }
    return { outcome: 'known', viewer: { how: 'token', name } };
  }

  /** Whether there is any token that somebody could come with. */
  takesTokens(): boolean {
    return this.options.access.takesTokens;
  }

  #ofCertificate(socket: TLSSocket): Viewer | undefined {
    if (!socket.authorized) return undefined;
    const { subjectaltname, valid_to: lastDay } = socket.getPeerCertificate();
    // It was valid when the connection began; connections stay open for long.
    if (Date.parse(lastDay) < Date.now()) return undefined;
    const identity = identityFromSubjectAltName(subjectaltname);
    if (identity?.kind !== 'operator' || identity.trustDomain !== this.options.trustDomain) return undefined;
    const principal: Principal = { kind: 'certificate', id: identity.id };
    return this.#mayLook(principal) ? { how: 'certificate', name: principalName(principal) } : undefined;
  }

  /** A session whose token lets in no more is over. */
  async #ofSession(cookie: string | undefined): Promise<Viewer | undefined> {
    const token = this.options.sessions.find(cookie);
    if (token === undefined) return undefined;
    const viewer = await this.#proved(token);
    if (viewer === undefined) this.options.sessions.end(cookie);
    return viewer;
  }

  async #proved(token: string): Promise<Viewer | undefined> {
    const told = await this.ofToken(token);
    return told.outcome === 'known' ? told.viewer : undefined;
  }

  #mayLook(principal: Principal): boolean {
    return this.options.access.grantsOf(principal).allows('viewer');
  }
}
