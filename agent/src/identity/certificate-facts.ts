/** What a host's certificate says, and what follows from it for a moment. Pure. */
import { X509Certificate } from 'node:crypto';

export interface CertificateFacts {
  /** Whom it names: `spiffe://<trust domain>/nsgate/host/<id>`; empty when it names nobody. */
  readonly uri: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const DAY_MS = 86_400_000;
/** Renewed after this part of its life: a third of it remains for tries. */
const RENEWED_AFTER = 2 / 3;

/** Throws for what is no certificate in PEM. */
export function factsOf(pem: string): CertificateFacts {
  const { subjectAltName, validFrom, validTo } = new X509Certificate(pem);
  const uris = (subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:'));
  return {
    uri: uris.length === 1 ? (uris[0] ?? '').slice('URI:'.length) : '',
    notBefore: new Date(validFrom),
    notAfter: new Date(validTo),
  };
}

export function namesHost({ uri }: CertificateFacts, hostId: string): boolean {
  return uri.startsWith('spiffe://') && uri.endsWith(`/nsgate/host/${hostId}`);
}

export function renewalTime({ notBefore, notAfter }: Pick<CertificateFacts, 'notBefore' | 'notAfter'>): Date {
  const life = notAfter.getTime() - notBefore.getTime();
  return new Date(notBefore.getTime() + life * RENEWED_AFTER);
}

/** Negative once it has run out. */
export function daysLeft({ notAfter }: Pick<CertificateFacts, 'notAfter'>, now: Date): number {
  return (notAfter.getTime() - now.getTime()) / DAY_MS;
}
