/** A new private key of this host, and the certificate request (PKCS #10, RFC 2986) that goes with it. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface KeyRequest {
  /** PKCS #8, PEM. Stays on this host. */
  readonly key: string;
  /** DER. */
  readonly request: Uint8Array;
}

/** The subject is for people who look at the request: the controller names the certificate by what the token or certificate says. */
export async function makeKeyRequest(hostId: string): Promise<KeyRequest> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [hostId] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    key: `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`,
    request: new Uint8Array(request.rawData),
  };
}
