/** Who looks: by the certificate of an operator, or by the session that a token began. */
import type { Http2ServerRequest } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { identityFromSubjectAltName, type NamedPeer } from '@nsgate/proto';
import type { Sessions } from './sessions';

export interface Viewer {
  readonly how: 'certificate' | 'token';
  /** The operator's name, or the first digits of the token's hash. */
  readonly id: string;
}

/** The one place that decides it; undefined for somebody unknown. */
export type Identify = (request: Http2ServerRequest) => Viewer | undefined;

const SHOWN_DIGITS = 12;

/** Whether that operator has the role of a viewer. */
export type MayView = (peer: NamedPeer) => boolean;

export function identifyBy(sessions: Sessions | undefined, mayView: MayView): Identify {
  return (request) => byCertificate(request.socket as TLSSocket, mayView) ?? bySession(sessions, request);
}

function byCertificate(socket: TLSSocket, mayView: MayView): Viewer | undefined {
  if (!socket.authorized) return undefined;
  const identity = identityFromSubjectAltName(socket.getPeerCertificate().subjectaltname);
  if (identity?.kind !== 'operator' || !mayView(identity)) return undefined;
  return { how: 'certificate', id: identity.id };
}

function bySession(sessions: Sessions | undefined, request: Http2ServerRequest): Viewer | undefined {
  const hash = sessions?.find(request.headers.cookie);
  return hash === undefined ? undefined : { how: 'token', id: hash.slice(0, SHOWN_DIGITS) };
}
