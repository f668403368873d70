/** What proves to a controller which host this is, and how long it will. */
import { daysLeft, renewalTime, type CertificateFacts } from './certificate-facts';
import type { TlsMaterial } from './identity-files';

export interface HostIdentity {
  start(): void;
  stop(): void;
  /** What to connect with now, read anew. Throws IdentityFault. */
  material(): TlsMaterial;
  /** Throws IdentityFault when there is nothing to connect with, and nothing will come of itself. */
  demand(): void;
  /** A controller has refused the certificate as taken back. */
  noteRevoked(): void;
  /** A controller has accepted it. */
  noteAccepted(): void;
  readonly status: IdentityStatus;
}

/** For people and metrics. */
export interface IdentityStatus {
  /** Kept by the agent itself, or files of the site's own, which it only reads. */
  source: 'enrolled' | 'site';
  certificate: CertificateStatus | undefined;
  /** What is wrong, and what to do. */
  trouble: string | undefined;
}

export interface CertificateStatus {
  uri: string;
  notAfter: string;
  /** Negative once it has run out. */
  daysLeft: number;
  /** When the agent renews it by itself. */
  renewal: string | undefined;
}

/** `renewed`: whether the agent does so by itself. */
export function certificateStatus(
  facts: CertificateFacts,
  { renewed, now }: { renewed: boolean; now: Date },
): CertificateStatus {
  return {
    uri: facts.uri,
    notAfter: facts.notAfter.toISOString(),
    daysLeft: daysLeft(facts, now),
    renewal: renewed ? renewalTime(facts).toISOString() : undefined,
  };
}
