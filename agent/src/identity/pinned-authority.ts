/**
 * The CA of a controller that is connected to for the first time: taken from what the controller shows, and believed only if it is the
 * one that the token pins. Nothing is sent meanwhile but the beginning of TLS; the connection that the token goes over is then checked in
 * the ordinary way, against that CA.
 */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { IdentityFault } from './identity-fault';

export interface PinnedController {
  /** HOST:PORT. */
  readonly address: string;
  /** The name that its certificate must bear, when it is not that in the address. */
  readonly serverName: string | undefined;
  /** SHA-256 of the CA's certificate in DER, in hexadecimal. */
  readonly fingerprint: string;
  readonly timeoutMs: number;
}

/** The CA, PEM. Throws IdentityFault when the controller shows another, or a certificate that will not do. */
export async function pinnedAuthority(controller: PinnedController): Promise<string> {
  const { address, fingerprint } = controller;
  const chain = await shownBy(controller);
  const authority = chain
    .map(({ raw }) => new X509Certificate(raw))
    .find((one) => isPinned(one, fingerprint));
  if (authority === undefined) {
    const last = chain.at(-1)?.fingerprint256.replaceAll(':', '').toLowerCase();
    throw new IdentityFault(
      `the controller at ${address} is not the one that the token is for (it is certified by ${last ?? 'nobody'}, the token names ${fingerprint})`,
      'see whether --controller is right, and whether its CA was changed since: then create another token; if neither, somebody stands in between. The token was not sent',
    );
  }
  demandServing(chain[0], controller);
  return authority.toString();
}

function isPinned(certificate: X509Certificate, fingerprint: string): boolean {
  return certificate.ca && certificate.fingerprint256.replaceAll(':', '').toLowerCase() === fingerprint;
}

/** What would fail later, told in words. */
function demandServing(leaf: DetailedPeerCertificate | undefined, controller: PinnedController): void {
  if (leaf === undefined) return;
  const { address, serverName } = controller;
  const [from, to, now] = [new Date(leaf.valid_from), new Date(leaf.valid_to), new Date()];
  if (now < from || now > to) {
    throw new IdentityFault(
      `the certificate of the controller at ${address} is good from ${from.toISOString()} to ${to.toISOString()}, and here it is ${now.toISOString()}`,
      now < from ? "set this host's clock" : "set this host's clock, or renew the controller's certificate",
    );
  }
  const objection = checkServerIdentity(serverName ?? hostOf(address), leaf);
  if (objection === undefined) return;
  throw new IdentityFault(
    `the certificate of the controller at ${address} is for ${leaf.subjectaltname ?? 'no name'}`,
    'connect to it under such a name, or say --tls-server-name',
    { cause: objection },
  );
}

/** The certificates that the controller shows, its own first. */
async function shownBy({
  address,
  serverName,
  timeoutMs,
}: PinnedController): Promise<DetailedPeerCertificate[]> {
  const host = hostOf(address);
  const name = serverName ?? host;
  const socket = connect({
    host,
    port: Number(/:(\d+)$/.exec(address)?.[1]),
    // An address is no server name (RFC 6066, 3).
    ...(isIP(name) === 0 ? { servername: name } : {}),
    // Whether it is believed is decided by the pin.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    return chainOf(socket);
  } catch (error) {
    const why = (error as Error).name === 'AbortError' ? 'no answer in time' : (error as Error).message;
    throw new IdentityFault(`no TLS with the controller at ${address} (${why})`, 'this is tried again', {
      cause: error,
    });
  } finally {
    socket.destroy();
  }
}

function chainOf(socket: TLSSocket): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  const seen = new Set<string>();
  let next: unknown = socket.getPeerCertificate(true);
  // A root is its own issuer.
  while (isShown(next) && !seen.has(next.fingerprint256)) {
    seen.add(next.fingerprint256);
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

/** Where nothing is shown, Node gives an empty object. */
function isShown(certificate: unknown): certificate is DetailedPeerCertificate {
  return (certificate as Partial<DetailedPeerCertificate> | undefined)?.raw !== undefined;
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
