import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { FileWatch } from '../file-watch';
import { LiveAccess } from './live-access';

describe('an access file that names a file of keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-access-'));
  const [path, jwks] = [join(folder, 'access.yaml'), join(folder, 'jwks.json')];
  afterAll(() => rmSync(folder, { recursive: true }));

  async function newKey(): Promise<string> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    writeFileSync(jwks, JSON.stringify({ keys: [await exportJWK(publicKey)] }));
    return new SignJWT({ sub: 'erin', aud: 'nsgate', iss: 'https://issuer.example' })
      .setProtectedHeader({ alg: 'ES256' })
      .setExpirationTime('5m')
      .sign(privateKey);
  }

  it('takes up new keys when that file alone changes', async () => {
    const before = await newKey();
    const oidc = `{ issuer: https://issuer.example, audience: nsgate, jwks: ${jwks} }`;
    writeFileSync(path, `bindings: [{ role: viewer, principals: ['oidc:erin'] }]\noidc: ${oidc}\n`);
    const access = new LiveAccess(path);
    expect([...access.files()]).toEqual([path, jwks]);
    expect(await access.checkToken(before)).toMatchObject({ outcome: 'proved', principal: { id: 'erin' } });

    const files = { [Symbol.iterator]: () => access.files() };
    const changed = new Promise<void>((resolve) => {
      const watch = new FileWatch(
        files,
        () => {
          access.reload();
          watch.close();
          resolve();
        },
        10,
      );
    });
    const after = await newKey();
    await changed;
    expect(await access.checkToken(after)).toMatchObject({ outcome: 'proved' });
    expect(await access.checkToken(before)).toMatchObject({ outcome: 'refused' });
  });

  it('looks at no keys that are at a URL', () => {
    const oidc = '{ issuer: https://issuer.example, audience: nsgate, jwks: https://issuer.example/keys }';
    writeFileSync(path, `oidc: ${oidc}\n`);
    expect([...new LiveAccess(path).files()]).toEqual([path]);
    expect([...new LiveAccess(undefined).files()]).toEqual([]);
  });
});
