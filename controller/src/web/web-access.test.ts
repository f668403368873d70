/** Who is let in to the web page, and how long. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from '@nsgate/proto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { buildDescriptions } from '../controller-process.testing';
import { builtPagesFolder } from './static-files';
import { ROLELESS_TOKEN, TOKEN, WebBench, type Answer } from './web-bench.testing';

// Certificates are made slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-web-access-'));
let ca: LocalCa;
let web: WebBench;
let cookie: string;

const pems = ({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer } => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
});

buildDescriptions();
beforeAll(async () => {
  execFileSync(process.execPath, [join(__dirname, '../../build-web.mjs')]);
  ca = await createLocalCa(join(folder, 'ca'));
});
beforeEach(async () => {
  const identity = { kind: 'controller', id: 'c' } as const;
  web = await new WebBench().start(await ca.issue({ name: 'c', identity, ipAddresses: ['127.0.0.1'] }));
  cookie = await web.logIn();
});
afterEach(() => web.end());
afterAll(() => rmSync(folder, { recursive: true }));

describe('who is not known', () => {
  it.each(['/', '/hosts/h1', '/nonsense'])('sees the login page in place of %s', async (path) => {
    const { status, body, headers } = await web.ask(path);
    expect([status, headers['cache-control']]).toEqual([401, 'no-store']);
    expect(body).toContain(`action="/login?next=${encodeURIComponent(path)}"`);
    expect(body).not.toContain('/assets/app-');
  });

  it('has nothing else but what the login page loads', async () => {
    for (const name of readdirSync(join(builtPagesFolder(), 'assets'))) {
      const { status } = await web.ask(`/assets/${name}`);
      expect([name, status]).toEqual([name, name.startsWith('app-') ? 401 : 200]);
    }
    for (const path of ['/api/session', '/api/v1/PolicyService/ListPolicies', '/assets/../../package.json']) {
      expect((await web.ask(path)).status).toBe(401);
    }
  });

  it('is who comes with a certificate of a host, of another CA, or of an operator without the role', async () => {
    const host = await ca.issue({ name: 'h', identity: { kind: 'host', id: 'h' } });
    const other = await createLocalCa(join(folder, 'other-ca'));
    const stranger = await other.issue({ name: 'o', identity: { kind: 'operator', id: 'o' } });
    const nobody = await ca.issue({ name: 'n', identity: { kind: 'operator', id: 'nobody' } });
    for (const client of [pems(host), pems(stranger), pems(nobody)]) {
      expect((await web.ask('/api/session', { client })).status).toBe(401);
    }
  });
});

describe('an operator with a certificate', () => {
  it('is known without logging in', async () => {
    const client = pems(await ca.issue({ name: 'alice', identity: { kind: 'operator', id: 'alice' } }));
    const { status, body } = await web.ask('/api/session', { client });
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { viewer: { how: 'certificate', name: 'cert:alice' }, version: '1.2.3' },
    ]);
  });
});

describe('a token', () => {
  it('begins a session that scripts and other sites cannot use, and goes on to the page that was asked for', async () => {
    const { status, headers } = await web.tryToken(TOKEN, '/login?next=%2Fhosts%2Fh1');
    expect([status, headers.location]).toEqual([303, '/hosts/h1']);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^__Host-nsgate=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      ),
    ]);
  });

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example'])(
    'never leads to %s',
    async (next) => {
      const { headers } = await web.tryToken(TOKEN, `/login?next=${encodeURIComponent(next)}`);
      expect(headers.location).toBe('/');
    },
  );

  it('is refused in a form that another site sent', async () => {
    const { status } = await web.tryToken(TOKEN, '/login', { 'sec-fetch-site': 'cross-site' });
    expect(status).toBe(405);
  });

  it('that is unknown is refused and logged, and after ten of them the address has to wait', async () => {
    for (let i = 0; i < 10; i++) expect((await web.tryToken(`nsgt_guess${i}`)).status).toBe(401);
    const { status, headers } = await web.tryToken(TOKEN);
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    const refused = web.log.filter(({ msg }) => msg === 'web: login refused');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ reason: 'the token is not known here' });
    expect(JSON.stringify(web.log)).not.toContain('guess');
  });

  it('that does not have the role viewer is told so', async () => {
    const { status, body } = await web.tryToken(ROLELESS_TOKEN);
    expect([status, body]).toEqual([
      401,
      expect.stringContaining('token:nobody does not have the role viewer'),
    ]);
  });

  it('that is taken out of the access file ends its sessions; one that is added begins some', async () => {
    web.letIn(TOKEN, 'nsgt_another');
    const other = await web.logIn('nsgt_another');
    web.letIn('nsgt_another');
    expect((await web.ask('/api/session', { cookie })).status).toBe(401);
    expect((await web.ask('/api/session', { cookie: other })).status).toBe(200);
  });

  it('is taken as a bearer token too, without a session', async () => {
    const withToken = (token: string): Promise<Answer> =>
      web.ask('/api/session', { headers: { authorization: `Bearer ${token}` } });
    const { status, body, headers } = await withToken(TOKEN);
    expect([status, JSON.parse(body), headers['set-cookie']]).toEqual([
      200,
      { viewer: { how: 'token', name: 'token:viewer' }, version: '1.2.3' },
      undefined,
    ]);
    for (const token of [ROLELESS_TOKEN, 'nsgt_guess', '']) {
      expect((await withToken(token)).status).toBe(401);
    }
  });

  it('ends its session by logging out', async () => {
    const { headers } = await web.ask('/logout', { method: 'POST', cookie });
    expect(headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect((await web.ask('/api/session', { cookie })).status).toBe(401);
  });
});

describe('a JWT of the issuer', () => {
  it('logs in whom it names, or whose group it names, for as long as it is valid', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwks = join(folder, 'jwks.json');
    writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }));
    const oidc = { issuer: 'https://login.example', audience: 'nsgate', jwks };
    web.writeAccess(JSON.stringify({ bindings: [{ role: 'viewer', principals: ['group:noc'] }], oidc }));
    const jwt = (expires: string, groups: string[]): Promise<string> =>
      new SignJWT({ groups })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer('https://login.example')
        .setAudience('nsgate')
        .setSubject('bob')
        .setExpirationTime(expires)
        .sign(privateKey);
    const session = await web.logIn(await jwt('1h', ['noc']));
    const { body } = await web.ask('/api/session', { cookie: session });
    expect(JSON.parse(body)).toMatchObject({ viewer: { how: 'token', name: 'oidc:bob' } });
    expect((await web.tryToken(await jwt('1h', ['others']))).status).toBe(401);
    expect((await web.tryToken(await jwt('1h ago', ['noc']))).body).toContain('the token has expired');
  });
});
