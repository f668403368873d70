/**
 * Key, certificate and CA of an enrolled host, in a folder of their own, mode 0700.
 *
 * A new key is first written as key.next.pem; then, once it is certified, the certificate, and last the key takes its name. Whatever
 * is cut short in between, the certificate finds its key under one of the two.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeDurably } from '../desired-state/durable-file';
import { IdentityFault } from './identity-fault';

/** PEM texts. */
export interface TlsMaterial {
  /** What the controller's certificate must come from. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const OTHERS = 0o077;

export class IdentityFiles {
  readonly #cert: string;
  readonly #ca: string;
  readonly #key: string;
  readonly #nextKey: string;
  readonly #usedToken: string;

  constructor(readonly folder: string) {
    this.#cert = join(folder, 'cert.pem');
    this.#ca = join(folder, 'ca.pem');
    this.#key = join(folder, 'key.pem');
    this.#nextKey = join(folder, 'key.next.pem');
    this.#usedToken = join(folder, 'used-token');
  }

  /** Undefined when this host was never enrolled. Throws IdentityFault for files that cannot be used. */
  read(): TlsMaterial | undefined {
    const cert = readText('certificate', this.#cert);
    if (cert === undefined) return undefined;
    const ca = readText('certificate of the CA', this.#ca);
    if (ca === undefined) throw unusable(`${this.#ca} is missing`);
    return { ca, cert, key: this.#keyOf(parseCertificate(cert, this.#cert)) };
  }

  /** Keeps a key that is not certified yet. */
  async putNextKey(key: string): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    await writeDurably(this.#nextKey, key);
  }

  /** Keeps what the key of putNextKey was certified with. */
  async adopt({ ca, cert }: Pick<TlsMaterial, 'ca' | 'cert'>): Promise<void> {
    await writeDurably(this.#ca, ca);
    await writeDurably(this.#cert, cert);
    await rename(this.#nextKey, this.#key);
    await syncFolder(this.folder);
  }

  /** Mark of the token that was used last. */
  usedToken(): string | undefined {
    return readText('mark of the last token', this.#usedToken)?.trim();
  }

  async noteUsedToken(mark: string): Promise<void> {
    await writeDurably(this.#usedToken, `${mark}\n`);
  }

  #keyOf(certificate: X509Certificate): string {
    for (const path of [this.#key, this.#nextKey]) {
      const key = readPrivate(path);
      if (key !== undefined && belongs(key, certificate, path)) return key;
    }
    throw unusable(`no key in ${this.folder} is that of ${this.#cert}`);
  }
}

function readText(what: string, path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new IdentityFault(`the ${what} cannot be read`, (error as Error).message, { cause: error });
  }
}

/** A key that others could read may be theirs by now: it is not used. */
function readPrivate(path: string): string | undefined {
  const text = readText('private key', path);
  if (text === undefined) return undefined;
  const { mode, uid } = statSync(path);
  const isOurs = uid === 0 || uid === process.geteuid?.();
  if (isOurs && (mode & OTHERS) === 0) return text;
  const how = isOurs ? `mode 0${(mode & 0o777).toString(8)}` : `it belongs to user ${uid}`;
  throw new IdentityFault(
    `the private key ${path} is open to others (${how})`,
    'chmod 600 and chown it if nobody else can have read it; else revoke this host and enrol it anew',
  );
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw unusable(`${path} holds no certificate`, error);
  }
}

function belongs(key: string, certificate: X509Certificate, path: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw unusable(`${path} holds no private key`, error);
  }
}

function unusable(what: string, cause?: unknown): IdentityFault {
  return new IdentityFault(what, 'put the file back from a copy, or enrol this host anew', { cause });
}
