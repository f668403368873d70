/** Whether what an enrolled host has on disk proves which host it is, now. */
import { factsOf, namesHost, type CertificateFacts } from './certificate-facts';
import type { IdentityFiles, TlsMaterial } from './identity-files';
import { IdentityFault } from './identity-fault';

export interface Enrolled {
  readonly material: TlsMaterial;
  readonly facts: CertificateFacts;
}

/** Undefined when this host was never enrolled. Throws IdentityFault for files that cannot be used. */
export function readEnrolled(files: IdentityFiles): Enrolled | undefined {
  const material = files.read();
  return material && { material, facts: factsOf(material.cert) };
}

/** Throws IdentityFault unless the certificate is this host's, and good at this time. */
export function demandGood(facts: CertificateFacts, { hostId, now }: { hostId: string; now: Date }): void {
  const { uri, notBefore, notAfter } = facts;
  if (!namesHost(facts, hostId)) {
    throw new IdentityFault(
      `the certificate of this host is for ${uri === '' ? 'nobody' : uri}, and this host is ${hostId}`,
      `set --host-id to the name in the certificate, or enrol ${hostId} anew`,
    );
  }
  if (now < notBefore) {
    throw new IdentityFault(
      `the certificate of this host is good from ${notBefore.toISOString()} on, and here it is ${now.toISOString()}`,
      "set this host's clock",
    );
  }
  if (now >= notAfter) {
    throw new IdentityFault(
      `the certificate of this host ran out on ${notAfter.toISOString()} (here it is ${now.toISOString()})`,
      "see whether this host's clock is right; if it is, enrol the host anew",
    );
  }
}

/** What a person does so that this host is let in. `tokenFile`: where the agent looks for the token. */
export function howToEnrol(hostId: string, tokenFile: string): string {
  return `run \`nsgate host enroll ${hostId}\` at the controller, and put the token into ${tokenFile} (mode 0600)`;
}

/** Of a host that has neither certificate nor token. */
export function notEnrolled(hostId: string, tokenFile: string): IdentityFault {
  return new IdentityFault('this host is not enrolled', howToEnrol(hostId, tokenFile));
}
