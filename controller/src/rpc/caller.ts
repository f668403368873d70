/** Who calls, and whether this one may. */
import { status } from '@grpc/grpc-js';
import { identityFromSubjectAltName, RpcError } from '@nsgate/proto';

/** How a call came in: over the Unix socket, whose file permissions decide who may, or over mutual TLS. */
export type Transport = 'unix-socket' | 'mutual-tls';

/** For whom a service is. */
export type Audience = 'operator' | 'host';

export interface Caller {
  readonly kind: Audience;
  /** From the certificate; `local` on the Unix socket. */
  readonly id: string;
}

/** The part of a grpc-js call that tells who the peer is. */
interface AuthenticatedCall {
  getAuthContext(): { sslPeerCertificate?: { subjectaltname?: string } };
}

/** The caller, if it is of the audience; PERMISSION_DENIED otherwise. */
export function authorize(call: AuthenticatedCall, transport: Transport, audience: Audience): Caller {
  if (transport === 'unix-socket') return localCaller(audience);
  const identity = identityFromSubjectAltName(call.getAuthContext().sslPeerCertificate?.subjectaltname);
  if (identity === undefined) {
    throw denied('the certificate names no nsgate identity (a URI such as spiffe://…/nsgate/operator/NAME)');
  }
  if (identity.kind !== audience) {
    throw denied(`this method is for certificates of kind ${audience}; yours is of kind ${identity.kind}`);
  }
  return { kind: identity.kind, id: identity.id };
}

function localCaller(audience: Audience): Caller {
  if (audience === 'operator') return { kind: 'operator', id: 'local' };
  throw denied('agents connect over TCP with the certificate of their host, not over the Unix socket');
}

function denied(message: string): RpcError {
  return new RpcError(status.PERMISSION_DENIED, message);
}
