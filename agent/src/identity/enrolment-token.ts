/** The one-time token by which a host is enrolled, as CreateEnrollmentToken of nsgate.v1 gives it. Pure. */
import { createHash } from 'node:crypto';
import { IdentityFault } from './identity-fault';

export interface EnrolmentToken {
  readonly host: string;
  /** SHA-256 of the CA's certificate in DER, in hexadecimal: by this the controller is known. */
  readonly authority: string;
  /** All of it. A secret: for the controller that has proved itself, and for nobody else. */
  readonly text: string;
}

const TOKEN = /^nsge1\.([a-z0-9.-]{1,63})\.([0-9a-f]{64})\.[A-Za-z0-9_-]{43}$/;

/** Throws IdentityFault, which holds nothing of the text, for what is no token. */
export function parseToken(text: string): EnrolmentToken {
  const [, host, authority] = TOKEN.exec(text) ?? [];
  if (host !== undefined && authority !== undefined) return { host, authority, text };
  throw new IdentityFault(
    'what stands in place of the token is none',
    'take it as `nsgate host enroll` prints it: nsge1., the host, and two more parts',
    { kind: 'token' },
  );
}

/** Marks a token as used without keeping it. */
export function tokenMark(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Takes tokens out of what is shown to people, such as a command line that is wrong. */
export function withoutTokens(text: string): string {
  return text.replace(/nsge1\.[A-Za-z0-9._-]+/g, 'nsge1.…');
}
