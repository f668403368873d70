/** A certificate authority in a folder, for one site or one machine: makes what nsgate's programs need for mutual TLS. */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { createHash, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityUri, type PeerIdentity, type TlsFiles } from '@nsgate/proto';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const KEY_FILE = 'ca-key.pem';
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;
const RENEW_BEFORE_DAYS = 30;
/** Clocks of hosts differ: a certificate is valid from an hour before it was made. */
const BACKDATE_MS = 3_600_000;

/** What to make a certificate for. */
export interface LeafRequest {
  /** Base name of its files: `<name>.pem` and `<name>-key.pem`. */
  name: string;
  /** Whom it speaks for; becomes its URI SAN. */
  identity: PeerIdentity;
  /** Of the URI; nsgate.local when it is left out. */
  trustDomain?: string;
  /** DNS names under which it serves. */
  dnsNames?: string[];
  /** Addresses under which it serves. */
  ipAddresses?: string[];
  /** When it is given, the certificate is made anew; otherwise it is good for a year. */
  lifetimeMs?: number;
}

/** Makes certificates that its `caFile` vouches for. */
export interface LocalCa {
  caFile: string;
  /** Its private key, for a controller that signs for hosts. */
  keyFile: string;
  /** Makes the certificate, or finds the one that still fits the request and is good for another month. */
  issue(request: LeafRequest): Promise<TlsFiles>;
}

interface Authority {
  certificate: x509.X509Certificate;
  key: webcrypto.CryptoKey;
}

/**
 * Opens the CA in `folder` (mode 0700), making it on first use. Private keys have mode 0600.
 * Throws an Error naming the file when the folder cannot be written or holds what is no certificate.
 */
export async function createLocalCa(folder: string): Promise<LocalCa> {
  x509.cryptoProvider.set(webcrypto);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const caFile = join(folder, 'ca.pem');
  const authority = existsSync(caFile) ? await loadAuthority(folder) : await makeAuthority(folder);
  return {
    caFile,
    keyFile: join(folder, KEY_FILE),
    issue: (request) => issueLeaf(folder, authority, request),
  };
}

async function makeAuthority(folder: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=nsgate local CA',
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(CA_DAYS * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writePrivate(join(folder, KEY_FILE), await exportKey(keys.privateKey));
  writePublic(join(folder, 'ca.pem'), certificate.toString('pem'));
  return { certificate, key: keys.privateKey };
}

async function loadAuthority(folder: string): Promise<Authority> {
  try {
    const certificate = new x509.X509Certificate(readFileSync(join(folder, 'ca.pem'), 'utf8'));
    const [der] = x509.PemConverter.decode(readFileSync(join(folder, KEY_FILE), 'utf8'));
    if (der === undefined) throw new Error('ca-key.pem holds no key');
    return { certificate, key: await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']) };
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`cannot use the CA in ${folder}: ${reason}; remove the folder to make a new one`, {
      cause: error,
    });
  }
}

async function issueLeaf(folder: string, authority: Authority, request: LeafRequest): Promise<TlsFiles> {
  const files: TlsFiles = {
    ca: join(folder, 'ca.pem'),
    cert: join(folder, `${request.name}.pem`),
    key: join(folder, `${request.name}-key.pem`),
  };
  if (!stillFits(files, authority, request)) await makeLeaf(files, authority, request);
  return files;
}

async function makeLeaf(files: TlsFiles, authority: Authority, request: LeafRequest): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${request.name}`,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    signingAlgorithm: ALGORITHM,
    ...validity(request.lifetimeMs ?? LEAF_DAYS * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(alternativeNames(request)),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate),
    ],
  });
  writePrivate(files.key, await exportKey(keys.privateKey));
  writePublic(files.cert, certificate.toString('pem'));
}

function alternativeNames(request: LeafRequest): x509.JsonGeneralName[] {
  return [
    { type: 'url', value: uriOf(request) },
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
}

function uriOf({ identity, trustDomain }: LeafRequest): string {
  return identityUri(identity, trustDomain);
}

/** Whether the files hold a certificate of this CA for just these names that outlives the next month. */
function stillFits(files: TlsFiles, authority: Authority, request: LeafRequest): boolean {
  if (request.lifetimeMs !== undefined || !existsSync(files.cert) || !existsSync(files.key)) return false;
  const leaf = new X509Certificate(readFileSync(files.cert));
  const ca = new X509Certificate(authority.certificate.toString('pem'));
  const names = new Set((leaf.subjectAltName ?? '').split(', '));
  const wanted = [
    `URI:${uriOf(request)}`,
    ...(request.dnsNames ?? []).map((name) => `DNS:${name}`),
    ...(request.ipAddresses ?? []).map((address) => `IP Address:${address}`),
  ];
  const daysLeft = (Date.parse(leaf.validTo) - Date.now()) / DAY_MS;
  return leaf.verify(ca.publicKey) && daysLeft > RENEW_BEFORE_DAYS && wanted.every((name) => names.has(name));
}

function validity(lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + lifetimeMs) };
}

/** 128 random bits with the top bit clear: a positive number (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function writePrivate(path: string, pem: string): void {
  writeWhole(path, pem, 0o600);
}

function writePublic(path: string, pem: string): void {
  writeWhole(path, pem, 0o644);
}

function writeWhole(path: string, pem: string, mode: number): void {
  const temporary = `${path}.${createHash('sha256').update(pem).digest('hex').slice(0, 8)}.tmp`;
  writeFileSync(temporary, pem.endsWith('\n') ? pem : `${pem}\n`, { mode });
  renameSync(temporary, path);
}
