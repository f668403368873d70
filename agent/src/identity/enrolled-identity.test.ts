import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { TestAuthority, type Lease } from './certificate-authority.testing';
import { EnrolledIdentity, type CertificateDesk, type Issued } from './enrolled-identity';
import { IdentityFault } from './identity-fault';
import { makeKeyRequest } from './key-request';

const LONG: Lease = { from: -1000, to: 3_600_000 };
/** Two thirds of it are over. */
const DUE: Lease = { from: -40_000, to: 10_000 };
const away = new IdentityFault('the controller cannot be asked', 'it is tried again');
const badToken = new IdentityFault('the controller does not take the token', 'create another', {
  kind: 'token',
});

// Waits are for events, and end when these come; a busy machine may take its time.
jest.setTimeout(30_000);

describe('the identity that the agent keeps', () => {
  let folder: string;
  let authority: TestAuthority;
  let identity: EnrolledIdentity;
  /** What the controllers do next; they certify when nothing is said. */
  let answers: (Lease | IdentityFault | Issued)[];
  let asked: { how: 'enroll' | 'renew'; token?: string; authority?: string }[];
  let changes: number;
  let said: string;

  beforeAll(async () => (authority = await TestAuthority.make()));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-enrolled-'));
    [answers, asked, changes, said] = [[], [], 0, ''];
    identity = make();
  });
  afterEach(() => {
    identity.stop();
    rmSync(folder, { recursive: true });
  });

  const fakeDesk: CertificateDesk = {
    enroll: ({ token, authority: pin, request }) => {
      asked.push({ how: 'enroll', token, authority: pin });
      return answer(request);
    },
    renew: ({ request }) => {
      asked.push({ how: 'renew' });
      return answer(request);
    },
  };

  async function answer(request: Uint8Array): Promise<Issued> {
    const next = answers.shift() ?? LONG;
    if (next instanceof IdentityFault) throw next;
    if ('certificate' in next) return next;
    return { certificate: await authority.certify(request, 'web-1', next), authority: authority.pem };
  }

  function make(hostId = 'web-1'): EnrolledIdentity {
    return new EnrolledIdentity({
      hostId,
      folder: join(folder, 'identity'),
      tokenFile: join(folder, 'enroll-token'),
      env: {},
      desk: fakeDesk,
      makeRequest: makeKeyRequest,
      backoff: { next: () => 20, reset: () => undefined },
      onChange: () => (changes += 1),
      log: pino({}, { write: (line) => (said += line) }),
      lookMs: 5,
    });
  }

  let tokens = 0;
  function token(host = 'web-1'): string {
    tokens += 1;
    return `nsge1.${host}.${authority.fingerprint}.${String(tokens).padStart(43, 'A')}`;
  }
  const put = (text: string): void =>
    writeFileSync(join(folder, 'enroll-token'), `${text}\n`, { mode: 0o600 });
  const keyFile = (): string => join(folder, 'identity/key.pem');

  async function enrolled(lease: Lease = LONG): Promise<void> {
    answers = [lease];
    put(token());
    identity.start();
    await until(() => changes === 1);
  }

  it('comes from a token, which is told to the controller that it pins, and then forgotten', async () => {
    const text = token();
    put(text);
    identity.demand();
    identity.start();
    await until(() => changes === 1);
    expect(asked).toEqual([{ how: 'enroll', token: text, authority: authority.fingerprint }]);
    expect(identity.material()).toMatchObject({ ca: authority.pem });
    expect(identity.status).toMatchObject({
      source: 'enrolled',
      certificate: { uri: 'spiffe://nsgate.local/nsgate/host/web-1' },
      trouble: undefined,
    });
    expect(existsSync(join(folder, 'enroll-token'))).toBe(false);
    expect(said).not.toContain(text);
  });

  it('is there again at the next start, and asks nobody', async () => {
    await enrolled();
    identity.stop();
    identity = make();
    expect(() => identity.demand()).not.toThrow();
    identity.start();
    await sleep(50);
    expect(asked).toHaveLength(1);
  });

  it('says what to do where there is neither certificate nor token', () => {
    expect(() => identity.demand()).toThrow(
      `this host is not enrolled: run \`nsgate host enroll web-1\` at the controller, and put the token into ${folder}/enroll-token (mode 0600)`,
    );
  });

  it('waits for a controller that is away', async () => {
    answers = [away, away, away];
    put(token());
    identity.start();
    await until(() => changes === 1);
    expect(asked).toHaveLength(4);
    expect(new Set(asked.map(({ token: used }) => used)).size).toBe(1);
    expect(said).toContain('the controller cannot be asked');
  });

  it.each<[string, () => string, string]>([
    ["another host's", () => token('db-1'), 'the token is for the host db-1, and this host is web-1'],
    ['none', () => 'hello', 'what stands in place of the token is none'],
  ])('does not ask with a token that is %s', async (_what, text, message) => {
    put(text());
    identity.start();
    await until(() => identity.status.trouble !== undefined);
    expect(identity.status.trouble).toContain(message);
    expect(() => identity.material()).toThrow(message);
    await sleep(60);
    expect(asked).toEqual([]);
  });

  it('asks once with a token that is refused, and at once with the next', async () => {
    answers = [badToken];
    put(token());
    identity.start();
    await until(() => identity.status.trouble !== undefined);
    await sleep(60);
    expect(asked).toHaveLength(1);
    put(token());
    await until(() => changes === 1);
    expect(identity.status.trouble).toBeUndefined();
  });

  it('keeps what it has when another token is refused', async () => {
    await enrolled();
    const before = identity.material();
    answers = [badToken];
    put(token());
    await until(() => identity.status.trouble !== undefined);
    expect(identity.material()).toEqual(before);
  });

  it('takes nothing from a controller that is not for this host and this key', async () => {
    await enrolled(DUE);
    const before = identity.material();
    const stranger = await makeKeyRequest('web-1');
    answers = [
      { ...LONG, uri: 'spiffe://nsgate.local/nsgate/host/db-1' },
      { certificate: await authority.certify(stranger.request, 'web-1', LONG), authority: authority.pem },
      { certificate: 'garbage', authority: authority.pem },
      away,
    ];
    await until(() => answers.length === 0);
    expect(identity.material()).toEqual(before);
    expect(said).toContain("another host's certificate, or one for another key");
    expect(said).toContain('what is no certificate');
  });

  it('is renewed with a new key once two thirds of its life are over, and not before', async () => {
    await enrolled();
    await sleep(60);
    expect(asked).toHaveLength(1);
    await reEnrol(DUE);
    const key = readFileSync(keyFile(), 'utf8');
    await until(() => changes === 3);
    expect(asked.map(({ how }) => how)).toEqual(['enroll', 'enroll', 'renew']);
    expect(readFileSync(keyFile(), 'utf8')).not.toBe(key);
  });

  async function reEnrol(lease: Lease): Promise<void> {
    answers = [lease];
    put(token());
    await until(() => changes === 2);
  }

  it('is good while its renewal fails, and says loudly that it does', async () => {
    answers = [DUE, ...Array<IdentityFault>(5).fill(away)];
    put(token());
    identity.start();
    await until(() => identity.status.trouble !== undefined);
    expect(identity.material()).toBeDefined();
    expect(identity.status.trouble).toContain('the controller cannot be asked');
    const lines = said.split('\n').filter((line) => line.includes('the certificate could not be renewed'));
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ level: 50, daysLeft: 0 });
    await until(() => changes === 2);
    expect(identity.status.trouble).toBeUndefined();
  });

  it.each<[string, Lease, string]>([
    ['has run out', { from: -60_000, to: -1000 }, 'ran out on'],
    ['begins later, as where the clock is wrong', { from: 60_000, to: 120_000 }, "set this host's clock"],
  ])('is not used when it %s, and is not renewed', async (_what, lease, message) => {
    await enrolled(lease);
    expect(() => identity.material()).toThrow(message);
    expect(identity.status.trouble).toContain(message);
    await sleep(60);
    expect(asked).toHaveLength(1);
  });

  it('is not used for a host of another name', async () => {
    await enrolled();
    identity.stop();
    identity = make('web-2');
    expect(() => identity.material()).toThrow(
      'for spiffe://nsgate.local/nsgate/host/web-1, and this host is web-2: set --host-id',
    );
  });

  it('is not used with a key that others can read, until that is put right', async () => {
    await enrolled();
    chmodSync(keyFile(), 0o644);
    expect(() => identity.material()).toThrow('is open to others (mode 0644)');
    expect(identity.status.trouble).toContain('revoke this host');
    chmodSync(keyFile(), 0o600);
    expect(identity.material()).toBeDefined();
    expect(identity.status.trouble).toBeUndefined();
  });

  it('is not shown again once it was revoked, and says so until it is enrolled anew', async () => {
    await enrolled();
    identity.noteRevoked();
    expect(() => identity.material()).toThrow(
      'the certificates of this host were revoked: to let it back in, run',
    );
    expect(identity.status.trouble).toContain('were revoked');
    put(token());
    await until(() => identity.status.trouble === undefined);
    expect(identity.material()).toBeDefined();
  });

  it('takes a renewal that is refused as revoked for that', async () => {
    answers = [DUE, new IdentityFault('the controller refuses', 'revoked', { kind: 'revoked' })];
    put(token());
    identity.start();
    await until(() => identity.status.trouble !== undefined);
    expect(identity.status.trouble).toContain('were revoked');
    const before = asked.length;
    await sleep(60);
    expect(asked).toHaveLength(before);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !holds(); i++) await sleep(5);
  expect(holds()).toBe(true);
}
