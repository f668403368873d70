/** A client's end of mutual TLS from PEM files, the same for agents and operators. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The CA that the peer's certificate must come from. */
  ca: string;
  /** Our certificate. */
  cert: string;
  /** Its private key. */
  key: string;
}

/** PEM texts. */
export interface TlsTexts {
  /** The CA that the peer's certificate must come from. */
  ca: string | Buffer;
  /** Our certificate, and its private key; neither where the peer is to see no certificate. */
  own?: { cert: string | Buffer; key: string | Buffer };
}

/** Client credentials, TLS 1.3; an Error names the file that cannot be read. */
export function clientCredentials(files: TlsFiles): ChannelCredentials {
  const own = { cert: readPem('certificate', files.cert), key: readPem('private key', files.key) };
  return credentialsFromTexts({ ca: readPem('CA certificate', files.ca), own });
}

/** Client credentials, TLS 1.3. A CA that another one has certified is as good as a root. */
export function credentialsFromTexts({ ca, own }: TlsTexts): ChannelCredentials {
  return credentials.createFromSecureContext(
    createSecureContext({ ca, ...own, minVersion: 'TLSv1.3', allowPartialTrustChain: true }),
  );
}

function readPem(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read the ${what}: ${(error as Error).message}`, { cause: error });
  }
}
