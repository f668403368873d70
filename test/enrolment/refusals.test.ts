/** Who is not let in by a token, and what it is told: the agent's side of enrolment against the real controller. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ControllerDesk } from '../../agent/src/controller-client/certificate-desk';
import type { Issued } from '../../agent/src/identity/enrolled-identity';
import { parseToken } from '../../agent/src/identity/enrolment-token';
import { makeKeyRequest, type KeyRequest } from '../../agent/src/identity/key-request';
import { buildController, ControllerProcess, nsgate } from '../../controller/src/controller-process.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const OWN_CA = ['--listen', '127.0.0.1:0', '--tls-names', 'localhost,127.0.0.1'];
const controller = new ControllerProcess();
/** With another CA, as another site's, or as one who stands in between would have. */
const other = new ControllerProcess();
let made: KeyRequest;

beforeAll(async () => {
  buildController();
  await controller.start(undefined, OWN_CA);
  await other.start(undefined, OWN_CA);
  made = await makeKeyRequest('web-1');
});
afterAll(async () => {
  await controller.remove();
  await other.remove();
});

async function tokenFor(host: string, ttl = '1h'): Promise<string> {
  const { stdout } = await nsgate('--socket', controller.socket, 'host', 'enroll', host, '--ttl', ttl);
  return stdout.trim();
}

interface Asked {
  hostId?: string;
  ports?: number[];
  serverName?: string;
  authority?: string;
}

function enrol(token: string, asked: Asked = {}): Promise<Issued> {
  const { hostId = 'web-1', ports = [controller.port], serverName, authority } = asked;
  const desk = new ControllerDesk({
    addresses: ports.map((port) => `127.0.0.1:${port}`),
    ...(serverName === undefined ? {} : { serverName }),
    timeoutMs: 3000,
  });
  const pin = authority ?? parseToken(token).authority;
  return desk.enroll({ token, authority: pin, hostId, request: made.request });
}

interface Entry {
  method: string;
  result: string;
  principal: string;
  reason: string;
  resources: { name: string }[];
}
const record = (): Entry[] =>
  readFileSync(join(controller.dataDir, 'audit.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry)
    .filter(({ method }) => method.endsWith('/Enroll'));

describe('a token', () => {
  const badToken = {
    kind: 'token',
    what: expect.stringContaining('does not take the token') as string,
    advice: expect.stringContaining('create another with `nsgate host enroll`') as string,
  };
  it.each<[string, () => Promise<unknown>]>([
    [
      'was used',
      async () => {
        const token = await tokenFor('web-1');
        await enrol(token);
        return enrol(token);
      },
    ],
    [
      'has expired',
      async () => {
        const token = await tokenFor('web-1', '1s');
        await delay(1100);
        return enrol(token);
      },
    ],
    ["is another host's", async () => enrol(await tokenFor('db-1'))],
    [
      'was followed by another',
      async () => {
        const token = await tokenFor('web-1');
        await tokenFor('web-1');
        return enrol(token);
      },
    ],
    [
      'was taken back with its host',
      async () => {
        const token = await tokenFor('web-1');
        await nsgate('--socket', controller.socket, 'host', 'revoke', 'web-1');
        return enrol(token);
      },
    ],
  ])('that %s is refused, and that is on record', async (_what, refused) => {
    await expect(refused()).rejects.toMatchObject(badToken);
    expect(record().at(-1)).toMatchObject({
      result: 'UNAUTHENTICATED',
      principal: 'anonymous',
      resources: [{ name: 'hosts/web-1' }],
    });
  });

  it('is not shown to a controller of another CA, and stays good', async () => {
    const token = await tokenFor('web-1');
    await expect(enrol(token, { ports: [other.port] })).rejects.toMatchObject({
      kind: 'passing',
      what: expect.stringContaining('is not the one that the token is for') as string,
      advice: expect.stringContaining('The token was not sent') as string,
    });
    expect(readFileSync(join(other.dataDir, 'audit.jsonl'), 'utf8')).toBe('');
    await expect(enrol(token)).resolves.toBeDefined();
  });

  it('is good with the next controller when the first is another, or away', async () => {
    const gone = await silent();
    gone.server.close();
    const token = await tokenFor('web-1');
    await expect(enrol(token, { ports: [gone.port, other.port, controller.port] })).resolves.toBeDefined();
  });

  it('waits for a controller that takes the connection and says nothing', async () => {
    const mute = await silent();
    const token = await tokenFor('web-1');
    await expect(enrol(token, { ports: [mute.port] })).rejects.toMatchObject({
      kind: 'passing',
      what: expect.stringContaining('no answer in time') as string,
    });
    mute.server.close();
  });

  it('is not shown to a controller under another name than its certificate has', async () => {
    const token = await tokenFor('web-1');
    await expect(enrol(token, { serverName: 'elsewhere.example' })).rejects.toMatchObject({
      what: expect.stringContaining('is for DNS:localhost, IP Address:127.0.0.1') as string,
      advice: expect.stringContaining('--tls-server-name') as string,
    });
    await expect(enrol(token, { serverName: 'localhost' })).resolves.toBeDefined();
  });

  it('is not shown to a controller whose certificate itself, not its CA, is what is pinned', async () => {
    const token = await tokenFor('web-1');
    const leaf = readFileSync(join(controller.dataDir, 'ca/server.pem'));
    const authority = new X509Certificate(leaf).fingerprint256.replaceAll(':', '').toLowerCase();
    await expect(enrol(token, { authority })).rejects.toThrow('is not the one that the token is for');
  });
});

describe('whoever guesses', () => {
  it('is refused after ten tries, and all of it is on record without what was guessed', async () => {
    await controller.stop();
    await controller.start(undefined, OWN_CA);
    const token = await tokenFor('web-1');
    const guess = (i: number): string => token.slice(0, -43) + String(i).padStart(43, 'x');
    const before = record().length;
    const ends: string[] = [];
    for (let i = 0; i < 13; i++) await enrol(guess(i)).catch((error: unknown) => ends.push(String(error)));
    expect(ends.slice(0, 10).every((end) => end.includes('does not take the token'))).toBe(true);
    expect(ends.slice(10).every((end) => end.includes('too many tries'))).toBe(true);
    await expect(enrol(token)).rejects.toThrow('too many tries');
    const results = record()
      .slice(before)
      .map(({ result }) => result);
    expect(results).toEqual([
      ...Array<string>(10).fill('UNAUTHENTICATED'),
      ...Array<string>(4).fill('RESOURCE_EXHAUSTED'),
    ]);
    expect(readFileSync(join(controller.dataDir, 'audit.jsonl'), 'utf8')).not.toContain('xxxxxxxx');
    expect(JSON.stringify(controller.log)).not.toContain('xxxxxxxx');
  });
});

describe('the person who enrols a host', () => {
  it('is given the token alone on stdout, and is told what to do with it, without it', async () => {
    const { stdout, stderr } = await nsgate(
      '--socket',
      controller.socket,
      'host',
      'enroll',
      'web-9',
      '--ttl',
      '10m',
    );
    expect(stdout).toMatch(/^nsge1\.web-9\.[0-9a-f]{64}\.[A-Za-z0-9_-]{43}\n$/);
    expect(stderr).toContain('This token enrols web-9 once, until ');
    expect(stderr).toContain('/var/lib/nsgate/enroll-token');
    expect(stderr).not.toContain(stdout.trim().split('.')[3]);
  });
});

/** Takes connections and says nothing. */
async function silent(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
}
