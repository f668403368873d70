import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK, type KeyLike } from 'jose';
import { OidcIssuer } from './oidc-issuer';
import type { TokenVerdict } from './static-tokens';

const SETTINGS = {
  issuer: 'https://issuer.example',
  audience: 'nsgate',
  usernameClaim: 'sub',
  groupsClaim: 'groups',
};
const MINUTE_S = 60;

interface Pair {
  readonly privateKey: KeyLike;
  readonly publicKey: KeyLike;
  readonly jwk: JWK;
}

async function newKey(kid: string): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } };
}

const now = (): number => Math.floor(Date.now() / 1000);

/** A token that is good, but for what is said here. */
function sign({ privateKey, jwk }: Pair, claims: object = {}, header: object = {}): Promise<string> {
  const all = { sub: 'erin', iss: SETTINGS.issuer, aud: 'nsgate', exp: now() + 5 * MINUTE_S, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid: jwk.kid, ...header }).sign(privateKey);
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const proved: Partial<TokenVerdict> = {
  outcome: 'proved',
  principal: { kind: 'oidc', id: 'erin', groups: [] },
};
const refused = (reason: string): TokenVerdict => ({ outcome: 'refused', reason });

describe('a JWT is checked against keys in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-oidc-'));
  const jwks = join(folder, 'jwks.json');
  let key: Pair;
  let issuer: OidcIssuer;
  beforeAll(async () => {
    key = await newKey('k1');
    writeFileSync(jwks, JSON.stringify({ keys: [key.jwk] }));
    issuer = new OidcIssuer({ ...SETTINGS, jwks });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('and taken with all that it needs, by one of several audiences, and with a clock that is a little off', async () => {
    expect(await issuer.check(await sign(key))).toEqual(proved);
    expect(await issuer.check(await sign(key, { aud: ['other', 'nsgate'] }))).toEqual(proved);
    expect(await issuer.check(await sign(key, { exp: now() - 10, nbf: now() + 10 }))).toEqual(proved);
  });

  it.each<[string, object, string]>([
    ['for another audience', { aud: 'other' }, 'the claim aud is not what it has to be'],
    ['for no audience', { aud: undefined }, 'the claim aud is not what it has to be'],
    ['of another issuer', { iss: 'https://other.example' }, 'the claim iss is not what it has to be'],
    ['of no issuer', { iss: undefined }, 'the claim iss is not what it has to be'],
    ['that has expired', { exp: now() - 5 * MINUTE_S }, 'the token has expired'],
    ['that never expires', { exp: undefined }, 'the claim exp is not what it has to be'],
    ['that is not good yet', { nbf: now() + 5 * MINUTE_S }, 'the claim nbf is not what it has to be'],
    ['that names nobody', { sub: undefined }, 'the token has no usable claim sub'],
    ['whose name would look like two words', { sub: 'erin local' }, 'the token has no usable claim sub'],
  ])('and refused %s', async (_what, claims, reason) => {
    expect(await issuer.check(await sign(key, claims))).toEqual(refused(reason));
  });

  it('and refused with an address as its name that the issuer has not verified', async () => {
    const byAddress = new OidcIssuer({ ...SETTINGS, jwks, usernameClaim: 'email' });
    const email = 'erin@example.com';
    const principal = { kind: 'oidc', id: email, groups: [] };
    for (const more of [{}, { email_verified: true }])
      expect(await byAddress.check(await sign(key, { email, ...more }))).toEqual({
        outcome: 'proved',
        principal,
      });
    expect(await byAddress.check(await sign(key, { email, email_verified: false }))).toEqual(
      refused('the address in the claim email was not verified by the issuer'),
    );
  });

  it('and taken without the name of its key, if any of those that may be it has signed it', async () => {
    const pairs = await Promise.all(['a', 'b', 'c'].map(newKey));
    const file = join(folder, 'nameless.json');
    writeFileSync(file, JSON.stringify({ keys: pairs.map(({ jwk }) => ({ ...jwk, kid: undefined })) }));
    const nameless = new OidcIssuer({ ...SETTINGS, jwks: file });
    for (const pair of pairs)
      expect(await nameless.check(await sign(pair, {}, { kid: undefined }))).toEqual(proved);
    const stranger = await newKey('a');
    expect(await nameless.check(await sign(stranger, {}, { kid: undefined }))).toEqual(refused(UNSIGNED));
    const late = await sign(pairs[2]!, { exp: now() - 5 * MINUTE_S }, { kid: undefined });
    expect(await nameless.check(late)).toEqual(refused('the token has expired'));
  });

  const UNSIGNED = 'the token is not signed by a key of its issuer';

  it('and refused when it is signed by nobody, by anybody, or was changed', async () => {
    const claims = { sub: 'erin', iss: SETTINGS.issuer, aud: 'nsgate', exp: now() + MINUTE_S };
    const good = await sign(key);
    const [head = '', , signature = ''] = good.split('.');
    const bad = [
      `${part({ alg: 'none' })}.${part(claims)}.`,
      `${part({ alg: 'none', kid: 'k1' })}.${part(claims)}.${signature}`,
      await sign(await newKey('k1')),
      await sign(key, {}, { kid: 'k2' }),
      `${head}.${part({ ...claims, sub: 'admin' })}.${signature}`,
      `${head}.${part(claims)}.`,
      'no token',
      '',
    ];
    for (const token of bad) expect(await issuer.check(token)).toEqual(refused(UNSIGNED));
  });

  it('and refused when it takes the public key for a shared secret', async () => {
    const claims = { sub: 'erin', iss: SETTINGS.issuer, aud: 'nsgate', exp: now() + MINUTE_S };
    for (const secret of [await exportSPKI(key.publicKey), JSON.stringify(key.jwk), key.jwk.x ?? '']) {
      const body = `${part({ alg: 'HS256', kid: 'k1' })}.${part(claims)}`;
      const token = `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
      expect(await issuer.check(token)).toEqual(refused(UNSIGNED));
    }
  });
});

describe('keys at a URL', () => {
  let server: Server | undefined;
  let port = 0;
  let keys: JWK[] = [];
  let asked = 0;

  async function serve(): Promise<void> {
    const serving = createServer((_request, response) => {
      asked += 1;
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
    });
    serving.listen(port, '127.0.0.1');
    await once(serving, 'listening');
    port = (serving.address() as AddressInfo).port;
    server = serving;
  }
  async function goDown(): Promise<void> {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
  }

  let issuer: OidcIssuer;
  let key: Pair;
  beforeEach(async () => {
    port = 0;
    key = await newKey('k1');
    keys = [key.jwk];
    await serve();
    asked = 0;
    issuer = new OidcIssuer({ ...SETTINGS, jwks: `http://127.0.0.1:${port}/keys` });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    if (server !== undefined) await goDown();
  });

  function later(ms: number): void {
    const then = Date.now() + ms;
    jest.spyOn(Date, 'now').mockImplementation(() => then);
  }

  it('are asked for once, and not for each token', async () => {
    for (let i = 0; i < 5; i++) expect(await issuer.check(await sign(key))).toEqual(proved);
    expect(asked).toBe(1);
  });

  it('that are exchanged for others are taken up, and the old ones let go', async () => {
    expect(await issuer.check(await sign(key))).toEqual(proved);
    const next = await newKey('k2');
    keys = [next.jwk];
    later(40_000);
    expect(await issuer.check(await sign(next))).toEqual(proved);
    expect(await issuer.check(await sign(key))).toMatchObject({ outcome: 'refused' });
  });

  it('are not asked for again and again by tokens that name keys which are not there', async () => {
    await issuer.check(await sign(key));
    const stranger = await newKey('nobody');
    for (let i = 0; i < 20; i++)
      expect(await issuer.check(await sign(stranger))).toMatchObject({ outcome: 'refused' });
    expect(asked).toBeLessThanOrEqual(2);
  });

  it('that cannot be had let nobody in, and somebody once they can', async () => {
    await goDown();
    expect(await issuer.check(await sign(key))).toEqual(
      refused('the keys of https://issuer.example cannot be had'),
    );
    await serve();
    expect(await issuer.check(await sign(key))).toEqual(proved);
  });

  it('that were had go on while their issuer is away for a while', async () => {
    await issuer.check(await sign(key));
    await goDown();
    later(5 * 60_000);
    expect(await issuer.check(await sign(key))).toEqual(proved);
  });
});
