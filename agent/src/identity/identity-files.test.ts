import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from './certificate-authority.testing';
import { IdentityFiles } from './identity-files';
import { makeKeyRequest } from './key-request';

describe('key, certificate and CA on disk', () => {
  let folder: string;
  let files: IdentityFiles;
  let authority: TestAuthority;
  let otherKey = '';

  beforeAll(async () => (authority = await TestAuthority.make()));
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'nsgate-identity-')), 'identity');
    files = new IdentityFiles(folder);
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

  const path = (name: string): string => join(folder, name);

  async function certified(): Promise<{ key: string; cert: string }> {
    const { key, request } = await makeKeyRequest('web-1');
    await files.putNextKey(key);
    return { key, cert: await authority.certify(request, 'web-1', { from: -1000, to: 60_000 }) };
  }

  it('are none before the first enrolment, also when a key was made that nobody certified', async () => {
    expect(files.read()).toBeUndefined();
    await certified();
    expect(files.read()).toBeUndefined();
  });

  it('are read as they were adopted; nobody else can read them, and nothing is left beside', async () => {
    const { key, cert } = await certified();
    await files.adopt({ ca: authority.pem, cert });
    expect(files.read()).toEqual({ ca: authority.pem, cert, key });
    expect(readdirSync(folder).sort()).toEqual(['ca.pem', 'cert.pem', 'key.pem']);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect(statSync(path(name)).mode & 0o777).toBe(0o600);
  });

  it('go together also when the agent is killed between any two steps of a renewal', async () => {
    const first = await certified();
    await files.adopt({ ca: authority.pem, cert: first.cert });
    const second = await certified();
    expect(files.read()).toMatchObject(first);
    writeFileSync(path('cert.pem'), second.cert, { mode: 0o600 });
    expect(files.read()).toMatchObject(second);
    expect(readFileSync(path('key.pem'), 'utf8')).toBe(first.key);
    const third = await certified();
    await files.adopt({ ca: authority.pem, cert: third.cert });
    expect(files.read()).toMatchObject(third);
  });

  it.each([0o640, 0o604, 0o666])(
    'are refused while others may do anything with the key (mode %i)',
    async (mode) => {
      const { cert } = await certified();
      await files.adopt({ ca: authority.pem, cert });
      chmodSync(path('key.pem'), mode);
      expect(() => files.read()).toThrow(`key.pem is open to others (mode 0${mode.toString(8)}): chmod 600`);
    },
  );

  it.each([
    ['the key is missing', () => unlinkSync(path('key.pem')), 'no key in'],
    ["the key is another's", () => writeFileSync(path('key.pem'), otherKey), 'no key in'],
    ['the key is garbage', () => writeFileSync(path('key.pem'), 'garbage'), 'key.pem holds no private key'],
    [
      'the certificate is garbage',
      () => writeFileSync(path('cert.pem'), 'garbage'),
      'cert.pem holds no certificate',
    ],
    ['the CA is missing', () => unlinkSync(path('ca.pem')), 'ca.pem is missing'],
  ])('say what is wrong when %s', async (_what, spoil, message) => {
    otherKey = (await makeKeyRequest('web-1')).key;
    const { cert } = await certified();
    await files.adopt({ ca: authority.pem, cert });
    spoil();
    expect(() => files.read()).toThrow(message);
  });
  it('remember which token was used last, and not the token', async () => {
    await certified();
    expect(files.usedToken()).toBeUndefined();
    await files.noteUsedToken('mark');
    expect(new IdentityFiles(folder).usedToken()).toBe('mark');
  });
});
