import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityFromSubjectAltName } from '@nsgate/proto';
import { createLocalCa, type LeafRequest } from './local-ca';

const agent: LeafRequest = { name: 'agent-web-1', identity: { kind: 'host', id: 'web-1' } };
const controller: LeafRequest = {
  name: 'controller',
  identity: { kind: 'controller', id: 'main' },
  dnsNames: ['localhost'],
  ipAddresses: ['127.0.0.1'],
};

describe('the local CA', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-ca-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('vouches for the certificates that it makes', async () => {
    const files = await (await createLocalCa(folder)).issue(agent);
    const ca = new X509Certificate(readFileSync(files.ca));
    expect(new X509Certificate(readFileSync(files.cert)).verify(ca.publicKey)).toBe(true);
  });

  it('puts the identity into the certificate', async () => {
    const files = await (await createLocalCa(folder)).issue(agent);
    const { subjectAltName } = new X509Certificate(readFileSync(files.cert));
    expect(identityFromSubjectAltName(subjectAltName)).toMatchObject(agent.identity);
  });

  it('puts the names of a server into its certificate', async () => {
    const files = await (await createLocalCa(folder)).issue(controller);
    const certificate = new X509Certificate(readFileSync(files.cert));
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  });

  it('lets nobody else read a private key', async () => {
    const files = await (await createLocalCa(folder)).issue(agent);
    expect([files.key, join(folder, 'ca-key.pem')].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o600, 0o600,
    ]);
  });

  it('finds CA and certificate again when it is opened a second time', async () => {
    const first = await (await createLocalCa(folder)).issue(agent);
    const before = readFileSync(first.cert, 'utf8');
    const second = await (await createLocalCa(folder)).issue(agent);
    expect(readFileSync(second.cert, 'utf8')).toBe(before);
  });

  it('makes a certificate anew when other names are wanted', async () => {
    const ca = await createLocalCa(folder);
    const before = readFileSync((await ca.issue(controller)).cert, 'utf8');
    const files = await ca.issue({ ...controller, ipAddresses: ['127.0.0.1', '10.0.2.2'] });
    expect(readFileSync(files.cert, 'utf8')).not.toBe(before);
    expect(new X509Certificate(readFileSync(files.cert)).checkIP('10.0.2.2')).toBe('10.0.2.2');
  });

  it('says which folder it cannot use when the CA in it is broken', async () => {
    await createLocalCa(folder);
    writeFileSync(join(folder, 'ca-key.pem'), 'not a key');
    await expect(createLocalCa(folder)).rejects.toThrow(`cannot use the CA in ${folder}`);
  });
});
