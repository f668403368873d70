/** Certificate requests of hosts (PKCS #10, RFC 2986): what is believed of them is the key, and that the sender has it. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const MAX_BYTES = 8192;
const CURVES = ['P-256', 'P-384'];
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;

/** The key of a request that is signed by it. An Error says what is wrong with the request. */
export async function keyOfRequest(der: Uint8Array): Promise<x509.PublicKey> {
  if (der.length > MAX_BYTES) throw new Error(`takes more than ${MAX_BYTES} bytes`);
  x509.cryptoProvider.set(webcrypto);
  const request = parse(der);
  if (!isStrong(request.publicKey.algorithm as KeyAlgorithm)) {
    throw new Error('has a key that is neither ECDSA P-256 or P-384, Ed25519, nor RSA of 2048 to 4096 bits');
  }
  if (!(await isSigned(request))) throw new Error('is not signed by its own key');
  return request.publicKey;
}

function parse(der: Uint8Array): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(new Uint8Array(der));
  } catch (error) {
    throw new Error('is no PKCS #10 in DER', { cause: error });
  }
}

async function isSigned(request: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    // An algorithm that is unknown, or does not go with the key.
    return false;
  }
}

interface KeyAlgorithm {
  readonly name: string;
  readonly namedCurve?: string;
  readonly modulusLength?: number;
}

function isStrong(algorithm: KeyAlgorithm): boolean {
  if (algorithm.name === 'ECDSA') return CURVES.includes(algorithm.namedCurve ?? '');
  if (algorithm.name === 'Ed25519') return true;
  const bits = algorithm.modulusLength ?? 0;
  return algorithm.name.startsWith('RSA') && bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;
}
