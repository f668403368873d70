/** Who a certificate speaks for: its URI SAN, in the form of a SPIFFE ID (spiffe.io, SPIFFE-ID standard). */

/** What kind of peer, and its id within the kind. */
export interface PeerIdentity {
  kind: 'host' | 'operator' | 'controller';
  id: string;
}

/** An identity as a certificate states it. */
export interface NamedPeer extends PeerIdentity {
  /** Who vouches for the id: ids of another trust domain are other ids. */
  trustDomain: string;
}

/** The trust domain of certificates that nsgate makes itself. */
export const LOCAL_TRUST_DOMAIN = 'nsgate.local';

const PATH =
  /^spiffe:\/\/([a-z0-9._-]{1,255})\/nsgate\/(host|operator|controller)\/([A-Za-z0-9][A-Za-z0-9.@_-]{0,62})$/;

/** `spiffe://<trust domain>/nsgate/<kind>/<id>`. */
export function identityUri(identity: PeerIdentity, trustDomain = LOCAL_TRUST_DOMAIN): string {
  return `spiffe://${trustDomain}/nsgate/${identity.kind}/${identity.id}`;
}

/**
 * Reads the identity out of a certificate's subjectAltName in the form that Node gives it (tls.PeerCertificate), such as
 * `DNS:localhost, URI:spiffe://nsgate.local/nsgate/host/web-1`. Undefined when there is none, or more than one.
 */
export function identityFromSubjectAltName(subjectAltName: string | undefined): NamedPeer | undefined {
  const uris = (subjectAltName ?? '').split(', ').filter((entry) => entry.startsWith('URI:'));
  const [uri] = uris;
  if (uri === undefined || uris.length > 1) return undefined;
  const found = PATH.exec(uri.slice('URI:'.length));
  const [, trustDomain, kind, id] = found ?? [];
  if (trustDomain === undefined || kind === undefined || id === undefined) return undefined;
  return { kind: kind as PeerIdentity['kind'], id, trustDomain };
}
