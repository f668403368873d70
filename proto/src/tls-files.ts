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

/** Client credentials, TLS 1.3; an Error names the file that cannot be read. */
export function clientCredentials(files: TlsFiles): ChannelCredentials {
  return credentials.createFromSecureContext(
    createSecureContext({ ...readAll(files), minVersion: 'TLSv1.3' }),
  );
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
