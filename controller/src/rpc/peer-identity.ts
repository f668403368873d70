/** What a call brings along to prove who makes it. */
import { isIPv6 } from 'node:net';
import type { Metadata } from '@grpc/grpc-js';
import type { Transport } from './caller';

/** The part of a grpc-js call that tells of the peer. */
export interface AuthenticatedCall {
  getAuthContext(): {
    sslPeerCertificate?: { subjectaltname?: string; fingerprint256?: string; valid_to?: string };
  };
  getPeer(): string;
  readonly metadata: Metadata;
}

/** One that the CA vouched for when the connection was made. */
export interface ShownCertificate {
  readonly names: string;
  readonly fingerprint: string;
  /** When it expires, in ms since the epoch. */
  readonly expiresAt: number;
}

/** What is known of the peer before it is decided whether to believe it. */
export interface Credentials {
  readonly certificate: ShownCertificate | undefined;
  readonly bearer: string | undefined;
  /** `unix`, or ADDRESS:PORT. */
  readonly peer: string;
}

const BEARER = /^Bearer +(\S{1,16384})$/i;

export function credentialsOf(call: AuthenticatedCall, transport: Transport): Credentials {
  if (transport === 'unix-socket') return { certificate: undefined, bearer: undefined, peer: 'unix' };
  const found = call.getAuthContext().sslPeerCertificate;
  const certificate = found && {
    names: found.subjectaltname ?? '',
    fingerprint: (found.fingerprint256 ?? '').replaceAll(':', '').toLowerCase(),
    expiresAt: Date.parse(found.valid_to ?? ''),
  };
  const [header] = call.metadata.get('authorization');
  const bearer = typeof header === 'string' ? BEARER.exec(header)?.[1] : undefined;
  return { certificate, bearer, peer: call.getPeer() };
}

/** The address of ADDRESS:PORT. Of IPv6 it is the /64: who has one address of it has all of them. */
export function peerAddress(peer: string): string {
  const address = peer
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
  if (!isIPv6(address)) return address;
  return `${expandIpv6(address).slice(0, 4).join(':')}::/64`;
}

function expandIpv6(address: string): string[] {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - (before?.length ?? 0) - (after?.length ?? 0)).fill('0');
  return tail === undefined ? (before ?? []) : [...(before ?? []), ...zeros, ...(after ?? [])];
}
