/**
 * Bounds what peers can make the controller do by HTTP/2 alone. Node and nghttp2 bound resets, unread answers, empty and invalid frames,
 * header lists and CONTINUATION; what they answer as often as it comes (PING, SETTINGS) and how fast calls begin is counted here, for
 * each caller over all of his connections. Who is over it is cut with ENHANCE_YOUR_CALM (RFC 9113, 10.5).
 */
import { constants, type ServerHttp2Session } from 'node:http2';
import { TLSSocket } from 'node:tls';
import { identityFromSubjectAltName } from '@nsgate/proto';
import type { Logger } from 'pino';
import { peerAddress } from './peer-identity';
import { TokenBuckets, type Rate } from './token-buckets';

type Kind = 'host' | 'operator' | 'unproved';

/** Calls that begin. An agent has one that stays open. */
const CALLS: Readonly<Record<Kind, Rate>> = {
  host: { burst: 50, perSecond: 5 },
  operator: { burst: 5000, perSecond: 1000 },
  unproved: { burst: 1000, perSecond: 100 },
};

/** Frames that are answered whatever they are for. Clients that estimate bandwidth ping some ten times a second. */
const CONTROL_FRAMES: Rate = { burst: 500, perSecond: 50 };

export class SessionWatch {
  readonly #calls = {
    host: new TokenBuckets(CALLS.host),
    operator: new TokenBuckets(CALLS.operator),
    unproved: new TokenBuckets(CALLS.unproved),
  };
  readonly #frames = new TokenBuckets(CONTROL_FRAMES);

  constructor(private readonly logger: Logger) {}

  /** To be told of each session when it begins. */
  watch(session: ServerHttp2Session): void {
    const { kind, key } = peerOf(session);
    let isCut = false;
    const spend = (what: string, buckets: TokenBuckets): void => {
      if (isCut || session.destroyed || buckets.take(key)) return;
      isCut = true;
      this.logger.warn({ peer: key, what }, 'connection cut: too many a second');
      session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    };
    session.on('ping', () => spend('control frames', this.#frames));
    session.on('remoteSettings', () => spend('control frames', this.#frames));
    session.prependListener('stream', () => spend('calls', this.#calls[kind]));
  }
}

/** By whom it is counted: the identity of a certificate that the CA vouches for, or the address. */
function peerOf({ socket }: ServerHttp2Session): { kind: Kind; key: string } {
  if (socket instanceof TLSSocket && socket.authorized) {
    const identity = identityFromSubjectAltName(socket.getPeerCertificate().subjectaltname ?? '');
    if (identity?.kind === 'host') return { kind: 'host', key: `host:${identity.id}` };
    if (identity?.kind === 'operator') return { kind: 'operator', key: `cert:${identity.id}` };
  }
  return { kind: 'unproved', key: peerAddress(`${socket.remoteAddress ?? ''}:0`) };
}
