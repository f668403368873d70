/** Mutual TLS from PEM files, the same for controller and agent. */
import { readFileSync } from 'node:fs';
import { credentials, ServerCredentials, type ChannelCredentials } from '@grpc/grpc-js';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The CA that the peer's certificate must come from. */
  ca: string;
  /** Our certificate. */
  cert: string;
  /** Its private key. */
  key: string;
}

/** Client credentials; an Error names the file that cannot be read. */
export function clientCredentials(files: TlsFiles): ChannelCredentials {
  const { ca, cert, key } = readAll(files);
  return credentials.createSsl(ca, key, cert);
}

/** Server credentials that demand a certificate of the client; an Error names the file that cannot be read. */
export function serverCredentials(files: TlsFiles): ServerCredentials {
  const { ca, cert, key } = readAll(files);
  return ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true);
}

function readAll(files: TlsFiles): Record<keyof TlsFiles, Buffer> {
  return {
    ca: readPem('CA certificate', files.ca),
    cert: readPem('certificate', files.cert),
    key: readPem('private key', files.key),
  };
}

function readPem(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read the ${what}: ${(error as Error).message}`, { cause: error });
  }
}
