/** Key and certificate as a site's own tools put them on the host, and renew them. */
import { readFileSync } from 'node:fs';
import { factsOf, type CertificateFacts } from './certificate-facts';
import { certificateStatus, type HostIdentity, type IdentityStatus } from './host-identity';
import { IdentityFault } from './identity-fault';
import type { TlsMaterial } from './identity-files';

/** Paths of PEM files. */
export interface SiteFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export class SiteIdentity implements HostIdentity {
  #isRevoked = false;

  constructor(private readonly files: SiteFiles) {}

  /** The files are read when they are needed. */
  start(): void {
    return;
  }

  stop(): void {
    return;
  }

  material(): TlsMaterial {
    const { ca, cert, key } = this.files;
    return {
      ca: read('CA certificate', ca),
      cert: read('certificate', cert),
      key: read('private key', key),
    };
  }

  demand(): void {
    this.material();
  }

  noteRevoked(): void {
    this.#isRevoked = true;
  }

  noteAccepted(): void {
    this.#isRevoked = false;
  }

  get status(): IdentityStatus {
    const now = new Date();
    const { facts, trouble } = this.#look();
    return {
      source: 'site',
      certificate: facts && certificateStatus(facts, { renewed: false, now }),
      trouble: trouble ?? this.#outcome(facts, now),
    };
  }

  #look(): { facts?: CertificateFacts; trouble?: string } {
    try {
      return { facts: factsOf(this.material().cert) };
    } catch (error) {
      return { trouble: (error as Error).message };
    }
  }

  #outcome(facts: CertificateFacts | undefined, now: Date): string | undefined {
    if (this.#isRevoked)
      return 'the certificates of this host were revoked: put one there that was given since';
    if (facts === undefined || now < facts.notAfter) return undefined;
    return `${this.files.cert} ran out on ${facts.notAfter.toISOString()}: put a new one there`;
  }
}

function read(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new IdentityFault(`cannot read the ${what}`, (error as Error).message, { cause: error });
  }
}
