/** What the controller proves itself by over TLS, and what it asks of clients; replaced while it serves. */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureServerOptions as Http2SecureServerOptions } from 'node:http2';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

/** Paths of PEM files. */
export interface TlsPaths {
  /** What certificates of clients must come from. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Of each connection. Header lists hold a token, and what proxies add. */
export const HTTP2_SETTINGS = { maxConcurrentStreams: 128, maxHeaderListSize: 32_768 };

/** A client that has not finished its handshake by then is cut. */
const HANDSHAKE_MS = 10_000;

/**
 * TLS 1.3. A certificate is asked for, and believed only if a CA of the file vouches for it (grpc-js shows no other); who has none can
 * connect, and is let in to what needs no identity, or comes with a token. Sessions are not resumed: each connection is judged by
 * the certificates of its day.
 */
export class TlsCredentials extends ServerCredentials {
  /** An Error names the file that cannot be read, or says why the files cannot be used together. */
  constructor(private readonly paths: TlsPaths) {
    const server: Http2SecureServerOptions = {
      ...{
        requestCert: true,
        rejectUnauthorized: false,
        handshakeTimeout: HANDSHAKE_MS,
        minVersion: 'TLSv1.3',
      },
      settings: HTTP2_SETTINGS,
    };
    super(server, readContext(paths));
  }

  /** Reads the files again, for connections to come. An Error says what is wrong, and what was read before goes on. */
  reload(): void {
    this.updateSecureContextOptions(readContext(this.paths));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function readContext({ ca, cert, key }: TlsPaths): SecureContextOptions {
  // Throws for what is no PEM, or a key of another certificate: by itself, lest the CA behind it be taken for it.
  createSecureContext({ cert: readPem('certificate', cert), key: readPem('private key', key) });
  const options: SecureContextOptions = {
    ca: readPem('CA certificate', ca),
    // With the CA behind it: a host that enrols knows the CA by its fingerprint, and has to be shown it.
    cert: Buffer.concat([readPem('certificate', cert), Buffer.from('\n'), readPem('CA certificate', ca)]),
    key: readPem('private key', key),
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  createSecureContext(options);
  return options;
}

function readPem(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read the ${what}: ${(error as Error).message}`, { cause: error });
  }
}
