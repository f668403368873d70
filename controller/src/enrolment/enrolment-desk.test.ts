import 'reflect-metadata';
import { mkdtempSync, rmSync, statSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { CertificateAuthority } from './certificate-authority';
import { EnrolmentDesk } from './enrolment-desk';
import { EnrolmentRecords } from './enrolment-records';
import { LiveAuthority } from './live-authority';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function certificateRequest(algorithm = ECDSA): Promise<Buffer> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=whoever',
    keys,
    signingAlgorithm: algorithm,
  });
  return Buffer.from(made.rawData);
}

describe('enrolment', () => {
  let folder: string;
  let records: EnrolmentRecords;
  let authority: CertificateAuthority;
  let desk: EnrolmentDesk;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-enrol-'));
    authority = await CertificateAuthority.openOwn(join(folder, 'ca'));
    open();
  });
  afterEach(() => {
    records.close();
    rmSync(folder, { recursive: true });
  });

  function open(): void {
    records = new EnrolmentRecords(folder);
    desk = new EnrolmentDesk({
      records,
      authority: () => authority,
      hostUri: (id) => `spiffe://nsgate.local/nsgate/host/${id}`,
      certificateLifetimeMs: 3_600_000,
    });
  }
  const tokenFor = (host: string, ttlMs = 60_000): string => desk.createToken(host, ttlMs)?.token ?? '';
  const enrol = async (token: string, host = 'web-1', peer = 'a'): ReturnType<EnrolmentDesk['enrol']> =>
    desk.enrol({ token, host, request: await certificateRequest() }, peer);
  const certificateOf = (enrolled: Awaited<ReturnType<typeof enrol>>): X509Certificate => {
    if (enrolled.outcome !== 'signed') throw new Error(enrolled.outcome);
    return new X509Certificate(enrolled.certificate);
  };
  const fingerprintOf = (certificate: X509Certificate): string =>
    certificate.fingerprint256.replaceAll(':', '').toLowerCase();

  it('gives a certificate that names the host, and cannot serve', async () => {
    const certificate = certificateOf(await enrol(tokenFor('web-1')));
    expect(certificate.subjectAltName).toBe('URI:spiffe://nsgate.local/nsgate/host/web-1');
    expect(certificate.verify(new X509Certificate(authority.pem).publicKey)).toBe(true);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
  });

  it('pins the CA in the token, and keeps nothing of its secret but a hash', () => {
    const token = tokenFor('web-1');
    expect(token.split('.').slice(0, 3)).toEqual(['nsge1', 'web-1', authority.pin]);
    const secret = token.split('.')[3] ?? '';
    for (const file of ['enrolment.db', 'enrolment.db-wal']) {
      expect(readFileSync(join(folder, file)).includes(secret)).toBe(false);
    }
  });

  it.each([
    [
      'has been used',
      async () => {
        const token = tokenFor('web-1');
        await enrol(token);
        return enrol(token);
      },
    ],
    [
      'has expired',
      async () => {
        const token = tokenFor('web-1', 1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return enrol(token);
      },
    ],
    ["is another host's", () => enrol(tokenFor('db-1'), 'web-1')],
    [
      'was followed by another',
      () => {
        const first = tokenFor('web-1');
        tokenFor('web-1');
        return enrol(first);
      },
    ],
    ['is none', () => enrol('nsge1.web-1')],
  ])('refuses a token that %s', async (_what, ask) => {
    expect(await ask()).toEqual({ outcome: 'bad-token' });
  });

  it('takes a token once, though two come at the same time', async () => {
    const token = tokenFor('web-1');
    const outcomes = (await Promise.all([enrol(token), enrol(token)])).map(({ outcome }) => outcome);
    expect(outcomes.sort()).toEqual(['bad-token', 'signed']);
  });

  it('lets nobody try for long, and nobody else suffer from it', async () => {
    for (let i = 0; i < 10; i++)
      expect(await enrol('guess', 'web-1', 'mallory')).toEqual({ outcome: 'bad-token' });
    const token = tokenFor('web-1');
    expect(await enrol(token, 'web-1', 'mallory')).toEqual({ outcome: 'too-many-tries' });
    expect(await enrol(token, 'web-1', 'honest')).toMatchObject({ outcome: 'signed' });
  });

  it('does not use a token up for a request that is not good', async () => {
    const token = tokenFor('web-1');
    const forged = await certificateRequest();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    for (const request of [Buffer.from('garbage'), Buffer.alloc(9000), forged]) {
      expect(await desk.enrol({ token, host: 'web-1', request }, 'a')).toMatchObject({
        outcome: 'bad-request',
      });
    }
    expect(await enrol(token)).toMatchObject({ outcome: 'signed' });
  });

  it('keeps a revoked host out over a restart, and lets it in again with what it is given afterwards', async () => {
    const token = tokenFor('web-1');
    const before = fingerprintOf(certificateOf(await enrol(tokenFor('web-1'))));
    expect(records.isBarred('web-1', before)).toBe(false);
    records.revoke('web-1');
    records.close();
    open();
    expect(records.isBarred('web-1', before)).toBe(true);
    expect(records.isBarred('web-2', before)).toBe(false);
    expect(await enrol(token)).toEqual({ outcome: 'bad-token' });
    const after = fingerprintOf(certificateOf(await enrol(tokenFor('web-1'))));
    expect([records.isBarred('web-1', before), records.isBarred('web-1', after)]).toEqual([true, false]);
  });

  it('gives nothing to a host that is revoked while its renewal is under way', async () => {
    const held = fingerprintOf(certificateOf(await enrol(tokenFor('web-1'))));
    const demandStanding = (): void => {
      if (records.isBarred('web-1', held)) throw new Error('revoked');
    };
    expect(await desk.renew('web-1', await certificateRequest(), demandStanding)).toMatchObject({
      outcome: 'signed',
    });
    const renewing = desk.renew('web-1', await certificateRequest(), demandStanding);
    records.revoke('web-1');
    await expect(renewing).rejects.toThrow('revoked');
  });

  it('gives the whole file of the CA, that hosts may know another before it is used', async () => {
    const [files, next] = [join(folder, 'ca'), await CertificateAuthority.openOwn(join(folder, 'next'))];
    writeFileSync(join(files, 'ca.pem'), `${authority.pem}${next.pem}`);
    authority = await CertificateAuthority.openOwn(files);
    expect(await enrol(tokenFor('web-1'))).toMatchObject({ authority: authority.pem });
    expect(authority.pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it('backdates a certificate by a tenth of its life at most', async () => {
    const signed = certificateOf(await enrol(tokenFor('web-1')));
    const backdated = Date.now() - Date.parse(signed.validFrom);
    expect(backdated).toBeGreaterThan(300_000 - 2000);
    expect(backdated).toBeLessThan(360_000 + 10_000);
  });

  it('lets nobody else read the keys of its own CA, which is the same at the next start', async () => {
    expect(statSync(join(folder, 'ca/ca-key.pem')).mode & 0o777).toBe(0o600);
    expect((await CertificateAuthority.openOwn(join(folder, 'ca'))).pin).toBe(authority.pin);
    const server = await authority.serverFiles(join(folder, 'ca'), ['controller.example', '10.0.0.1']);
    const certificate = new X509Certificate(readFileSync(server.cert));
    expect([certificate.checkHost('controller.example'), certificate.checkIP('10.0.0.1')]).toEqual([
      'controller.example',
      '10.0.0.1',
    ]);
  });

  it("makes the controller's own certificate anew in its last month, and not before", async () => {
    const own = await LiveAuthority.open({ kind: 'own', names: ['localhost'] }, join(folder, 'own'));
    const serving = (): string => new X509Certificate(readFileSync(own.files.cert)).serialNumber;
    const made = serving();
    const afterDays = async (days: number): Promise<void> => {
      jest.useFakeTimers({ now: Date.now() + days * 86_400_000, doNotFake: ['nextTick', 'setImmediate'] });
      await own.refresh().finally(() => jest.useRealTimers());
    };
    await afterDays(330);
    expect(serving()).toBe(made);
    await afterDays(340);
    expect(serving()).not.toBe(made);
  });
});
