/** A CA of tests, which gives hosts certificates as a controller would, under any name and for any time. */
import 'reflect-metadata';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Lease {
  /** Milliseconds from now. */
  from: number;
  to: number;
  /** Left out: the trust domain's. */
  uri?: string;
}

export class TestAuthority {
  private constructor(
    readonly pem: string,
    private readonly certificate: x509.X509Certificate,
    private readonly key: webcrypto.CryptoKey,
  ) {}

  static async make(): Promise<TestAuthority> {
    x509.cryptoProvider.set(webcrypto);
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: 'CN=test CA',
      keys,
      signingAlgorithm: ALGORITHM,
      ...validity({ from: -1000, to: 3_600_000 }),
      extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
    });
    return new TestAuthority(certificate.toString('pem'), certificate, keys.privateKey);
  }

  get fingerprint(): string {
    return createHash('sha256').update(Buffer.from(this.certificate.rawData)).digest('hex');
  }

  /** For the key of a request in DER. */
  async certify(request: Uint8Array, hostId: string, lease: Lease): Promise<string> {
    const asked = new x509.Pkcs10CertificateRequest(new Uint8Array(request));
    if (!(await asked.verify())) throw new Error('the request is not signed by its own key');
    const { uri = `spiffe://nsgate.local/nsgate/host/${hostId}` } = lease;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      issuer: this.certificate.subject,
      publicKey: asked.publicKey,
      signingKey: this.key,
      signingAlgorithm: ALGORITHM,
      ...validity(lease),
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }], true)],
    });
    return certificate.toString('pem');
  }
}

function validity({ from, to }: Pick<Lease, 'from' | 'to'>): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() + from), notAfter: new Date(Date.now() + to) };
}

function serialNumber(): string {
  return `40${randomBytes(15).toString('hex')}`;
}
