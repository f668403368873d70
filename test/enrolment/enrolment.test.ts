/** Hosts come in, stay in, and are kept out: the real agent and the real controller, over real TLS; no kernel module is needed. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentStatus } from '../../agent/src/local-api/status';
import { buildController, ControllerProcess, nsgate } from '../../controller/src/controller-process.testing';
import { AgentProcess } from './agent-process';

// Processes start slowly on a busy machine.
jest.setTimeout(120_000);

const ROOT = resolve(__dirname, '../..');
/** The agent runs as root only, whatever it is to do. */
const asRoot = process.geteuid?.() === 0 ? describe : describe.skip;
const LIFETIME_S = 20;

const controller = new ControllerProcess();
const hosts: AgentProcess[] = [];
/** It serves under the same port when it starts again. */
let port: number;

const startController = (address = `127.0.0.1:${port}`): Promise<void> =>
  controller.start(undefined, [
    ...['--listen', address, '--tls-names', 'localhost,127.0.0.1'],
    ...['--certificate-lifetime', `${LIFETIME_S}s`],
  ]);

beforeAll(async () => {
  buildController();
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', join(ROOT, 'agent')]);
  await startController('127.0.0.1:0');
  port = controller.port;
});
afterAll(async () => {
  for (const host of hosts) await host.remove();
  await controller.remove();
});

function newHost(id: string, ...settings: string[]): AgentProcess {
  const host = new AgentProcess(['--controller', `127.0.0.1:${port}`, '--host-id', id, ...settings]);
  hosts.push(host);
  return host;
}

const operator = (...command: string[]): ReturnType<typeof nsgate> =>
  nsgate('--socket', controller.socket, ...command);

async function tokenFor(host: string, ttl = '1h'): Promise<string> {
  const { stdout } = await operator('host', 'enroll', host, '--ttl', ttl);
  return stdout.trim();
}

async function eventually<T>(check: () => T | Promise<T>, patienceMs = 45_000): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(100);
    }
  }
}

const isIn = async (host: AgentProcess): Promise<AgentStatus> =>
  eventually(async () => {
    const status = await host.status();
    expect(status).toMatchObject({ controller: { state: 'in sync' } });
    expect(status.identity.trouble).toBeUndefined();
    return status;
  });
const saying = (host: AgentProcess, text: string): Promise<void> =>
  eventually(() => expect(host.log).toContain(text));
const certificateOf = (host: AgentProcess): X509Certificate =>
  new X509Certificate(readFileSync(host.file('cert')));
const audit = (): string => readFileSync(join(controller.dataDir, 'audit.jsonl'), 'utf8');
const recorded = (method: string): { result: string; principal: string; resources: { name: string }[] }[] =>
  audit()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { method: string; result: string; principal: string; resources: [] })
    .filter((entry) => entry.method.endsWith(`/${method}`));

asRoot('a host with a token', () => {
  let host: AgentProcess;
  let token: string;

  beforeAll(async () => {
    host = newHost('web-1');
    token = await tokenFor('web-1');
    host.putToken(token);
    host.start();
    await isIn(host);
  });

  it('comes in under its own name, with a key that nobody else can read, and the token is gone', async () => {
    expect(certificateOf(host).subjectAltName).toBe('URI:spiffe://nsgate.local/nsgate/host/web-1');
    expect(statSync(host.file('key')).mode & 0o777).toBe(0o600);
    expect(statSync(join(host.stateDir, 'identity')).mode & 0o777).toBe(0o700);
    expect(readFileSync(host.file('key'), 'utf8')).toContain('BEGIN PRIVATE KEY');
    expect(existsSync(host.tokenFile)).toBe(false);
    const { certificate } = (await host.status()).identity;
    expect(certificate).toMatchObject({ uri: 'spiffe://nsgate.local/nsgate/host/web-1' });
    expect(recorded('Enroll')).toMatchObject([
      { result: 'OK', principal: 'anonymous', resources: [{ name: 'hosts/web-1' }] },
    ]);
  });

  it('comes in again with what it has when it is started again', async () => {
    await host.stop();
    host.start();
    await isIn(host);
    expect(recorded('Enroll')).toHaveLength(1);
  });

  it('renews by itself, with a new key, and is in with it', async () => {
    const [before, key] = [certificateOf(host).serialNumber, readFileSync(host.file('key'), 'utf8')];
    await eventually(() => expect(certificateOf(host).serialNumber).not.toBe(before));
    await isIn(host);
    expect(readFileSync(host.file('key'), 'utf8')).not.toBe(key);
    expect(statSync(host.file('key')).mode & 0o777).toBe(0o600);
    expect(recorded('RenewCertificate')[0]).toMatchObject({ result: 'OK', principal: 'host:web-1' });
  });

  it('says how it stands to the person on the host', async () => {
    await isIn(host);
    const [status, check] = [await host.run('status'), await host.run('check')];
    expect(status.output).toMatch(/certificate spiffe:.*\/web-1, 0\.0 days left, until .* renewed from/);
    expect(check.output).toMatch(/^ok {3}certificate: spiffe:.*\/web-1, /m);
  });

  it('outlives many certificates while the controller comes and goes, and never enrols again', async () => {
    await controller.stop();
    await saying(host, 'no stream to the controller');
    await startController();
    const { serialNumber } = certificateOf(host);
    await eventually(() => expect(certificateOf(host).serialNumber).not.toBe(serialNumber));
    await isIn(host);
    expect(recorded('Enroll')).toHaveLength(1);
  });

  it('is cut when it is revoked, stays out over a restart of the controller, and says so', async () => {
    await isIn(host);
    await operator('host', 'revoke', 'web-1', '--reason', 'stolen');
    await saying(host, 'the certificates of this host were revoked');
    await eventually(async () => expect((await host.status()).controller.state).toBe('away'));
    await controller.stop();
    await startController();
    await host.stop();
    host.start();
    await eventually(async () => {
      const { identity, controller: stream } = await host.status();
      expect(identity.trouble).toContain('were revoked: to let it back in, run `nsgate host enroll web-1`');
      expect(stream.state).toBe('away');
    });
    expect((await host.run('status')).output).toContain(
      'TROUBLE     the certificates of this host were revoked',
    );
  });

  it('comes in again with another token, without being started again', async () => {
    host.putToken(await tokenFor('web-1'));
    await isIn(host);
  });

  it('has shown neither token nor key to anybody', () => {
    const secret = token.split('.')[3] ?? '';
    expect(secret).toHaveLength(43);
    const key = readFileSync(host.file('key'), 'utf8').split('\n')[1] ?? '';
    const shown = [host.log, host.commandLine, JSON.stringify(controller.log), audit()];
    for (const text of shown) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(key);
    }
  });
});

asRoot('a token', () => {
  it('may come by the environment, which the programs that the agent runs do not inherit', async () => {
    const host = newHost('env-1');
    const token = await tokenFor('env-1');
    host.start({ NSGATE_ENROLL_TOKEN: token });
    await isIn(host);
    await host.stop();
    host.start({ NSGATE_ENROLL_TOKEN: token });
    await isIn(host);
    expect(host.log).not.toContain('could not be enrolled');
    expect(host.log).not.toContain(token.split('.')[3]);
    await host.stop();
  });

  it('that is typed as a flag is not repeated in the error', async () => {
    const token = await tokenFor('flag-1');
    const host = newHost('flag-1', `--enroll-token=${token}`);
    host.start();
    expect(await host.exit()).toBe(1);
    expect(host.log).toContain("unknown option '--enroll-token=nsge1.…'");
  });

  it('is missing: the agent of a host with nothing to enforce says what to do, and ends', async () => {
    const host = newHost('new-1');
    host.start();
    expect(await host.exit()).toBe(1);
    expect(host.log).toContain('this host is not enrolled: run `nsgate host enroll new-1` at the controller');
    expect((await host.run('check')).output).toMatch(
      /^FAIL certificate: this host is not enrolled → run `nsgate host enroll new-1`/m,
    );
  });

  it('waits while the controller is away, and is used when it comes', async () => {
    const token = await tokenFor('late-1');
    await controller.stop();
    const host = newHost('late-1');
    host.putToken(token);
    host.start();
    await saying(host, 'this host could not be enrolled; tried again in');
    expect(existsSync(host.tokenFile)).toBe(true);
    expect((await host.run('check')).output).toMatch(/^ok {3}certificate: a token waits in /m);
    await startController();
    await isIn(host);
    await host.stop();
  });
});
