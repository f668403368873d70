/** The CA that signs hosts' certificates: files of a site's own, or one that the controller makes for itself. */
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

export interface AuthorityFiles {
  readonly cert: string;
  /** PKCS #8. */
  readonly key: string;
  /** Certificate of the controller, where the CA in front of the file need not be the one that it comes from. */
  readonly served?: string;
}

export interface SignedCertificate {
  readonly pem: string;
  /** SHA-256 of its DER form, in hexadecimal. */
  readonly fingerprint: string;
  readonly expires: Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const OWN_CA_DAYS = 3650;
const SERVER_DAYS = 365;
/** Clocks of hosts differ: a certificate is good from a while before it was made, but a tenth of its life at most. */
const BACKDATE_MS = 300_000;
const BACKDATE_PART = 0.1;
const PRIVATE = 0o600;

export class CertificateAuthority {
  private constructor(
    /** PEM: its certificate, and those that stand behind it in its file. */
    readonly pem: string,
    /** What tokens pin: SHA-256, of the DER form, in hexadecimal, of the CA that the controller's own certificate comes from. */
    readonly pin: string,
    private readonly certificate: x509.X509Certificate,
    private readonly key: webcrypto.CryptoKey,
  ) {}

  /** Reads certificate and key; an Error says what is wrong with them. */
  static async open(files: AuthorityFiles): Promise<CertificateAuthority> {
    x509.cryptoProvider.set(webcrypto);
    const pem = readFileSync(files.cert, 'utf8');
    const node = new X509Certificate(pem);
    const key = createPrivateKey(readFileSync(files.key));
    if (!node.ca) throw new Error(`${files.cert} is no certificate of a CA`);
    if (!node.checkPrivateKey(key)) throw new Error(`${files.key} is not the key of ${files.cert}`);
    const algorithm = signingAlgorithm(key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve);
    const der = key.export({ format: 'der', type: 'pkcs8' });
    const imported = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
    const served = files.served === undefined ? undefined : readFileSync(files.served, 'utf8');
    return new CertificateAuthority(
      pem,
      fingerprintOf(issuerOf(served, pem) ?? node),
      new x509.X509Certificate(node.raw),
      imported,
    );
  }

  /** Opens the CA in the folder, and makes it the first time. Only its owner may read the folder. */
  static async openOwn(folder: string): Promise<CertificateAuthority> {
    const files = ownAuthorityFiles(folder);
    if (!existsSync(files.cert)) await makeOwn(folder, files);
    return CertificateAuthority.open(files);
  }

  /** A certificate for an agent: it can prove which host it is, and cannot serve. `uri` is its identity. */
  signHost(uri: string, publicKey: x509.PublicKey, lifetimeMs: number): Promise<SignedCertificate> {
    return this.#sign({ publicKey, names: [{ type: 'url', value: uri }], usage: 'clientAuth', lifetimeMs });
  }

  async #sign(wanted: {
    publicKey: x509.PublicKey | webcrypto.CryptoKey;
    names: x509.JsonGeneralName[];
    usage: 'clientAuth' | 'serverAuth';
    lifetimeMs: number;
  }): Promise<SignedCertificate> {
    const expires = new Date(Math.min(Date.now() + wanted.lifetimeMs, this.certificate.notAfter.getTime()));
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      issuer: this.certificate.subject,
      publicKey: wanted.publicKey,
      signingKey: this.key,
      signingAlgorithm: this.key.algorithm as EcdsaParams,
      notBefore: new Date(Date.now() - Math.min(BACKDATE_MS, wanted.lifetimeMs * BACKDATE_PART)),
      notAfter: expires,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[wanted.usage]]),
        // Critical, since there is no subject (RFC 5280, 4.1.2.6).
        new x509.SubjectAlternativeNameExtension(wanted.names, true),
        await x509.AuthorityKeyIdentifierExtension.create(this.certificate),
      ],
    });
    const fingerprint = Buffer.from(await certificate.getThumbprint('SHA-256')).toString('hex');
    return { pem: `${certificate.toString('pem')}\n`, fingerprint, expires };
  }

  /**
   * The controller's own certificate, under these DNS names and addresses, in the folder; made when there is none that is good for
   * them for another month.
   */
  async serverFiles(folder: string, names: readonly string[]): Promise<AuthorityFiles> {
    const files = { cert: join(folder, 'server.pem'), key: join(folder, 'server-key.pem') };
    if (existsSync(files.cert) && existsSync(files.key) && this.#stillServes(files.cert, names)) return files;
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const signed = await this.#sign({
      publicKey: keys.publicKey,
      names: names.map((value) => ({ type: isIP(value) > 0 ? 'ip' : 'dns', value })),
      usage: 'serverAuth',
      lifetimeMs: SERVER_DAYS * DAY_MS,
    });
    writeWhole(files.key, await exportKey(keys.privateKey));
    writeWhole(files.cert, signed.pem);
    return files;
  }

  #stillServes(path: string, names: readonly string[]): boolean {
    const leaf = new X509Certificate(readFileSync(path));
    const fits = names.every((name) =>
      isIP(name) > 0 ? leaf.checkIP(name) !== undefined : leaf.checkHost(name) !== undefined,
    );
    const left = Date.parse(leaf.validTo) - Date.now();
    return fits && left > 30 * DAY_MS && leaf.verify(new X509Certificate(this.pem).publicKey);
  }
}

/** The CA among those of a file that the last certificate of a served chain comes from. */
function issuerOf(served: string | undefined, authorities: string): X509Certificate | undefined {
  const last = certificatesOf(served ?? '').at(-1);
  return certificatesOf(authorities).find(
    (one) => last?.checkIssued(one) === true && last.verify(one.publicKey),
  );
}

function certificatesOf(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  return found.map((one) => new X509Certificate(one));
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Of the CA that the controller makes for itself. */
export function ownAuthorityFiles(folder: string): AuthorityFiles {
  return { cert: join(folder, 'ca.pem'), key: join(folder, 'ca-key.pem') };
}

async function makeOwn(folder: string, files: AuthorityFiles): Promise<void> {
  x509.cryptoProvider.set(webcrypto);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=nsgate controller CA',
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - BACKDATE_MS),
    notAfter: new Date(Date.now() + OWN_CA_DAYS * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  // The key first: a certificate without its key would be taken for a whole CA.
  writeWhole(files.key, await exportKey(keys.privateKey));
  writeWhole(files.cert, `${certificate.toString('pem')}\n`);
}

function signingAlgorithm(
  type: string | undefined,
  curve: string | undefined,
): EcdsaAlgorithm | RsaAlgorithm {
  if (type === 'ec' && curve === 'prime256v1') return ALGORITHM;
  if (type === 'ec' && curve === 'secp384r1') return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
  if (type === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  throw new Error('the key of the CA is neither ECDSA P-256 or P-384, nor RSA');
}

interface EcdsaAlgorithm {
  name: string;
  namedCurve: string;
  hash: string;
}

interface RsaAlgorithm {
  name: string;
  hash: string;
}

type EcdsaParams = EcdsaAlgorithm;

/** 128 random bits with the top bit clear: a positive number (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

function writeWhole(path: string, pem: string): void {
  writeFileSync(`${path}.new`, pem, { mode: PRIVATE });
  renameSync(`${path}.new`, path);
}
