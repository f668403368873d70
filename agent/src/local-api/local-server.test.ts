import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { HostEvents } from '../host-events/host-events';
import { askForStatus, LocalServer } from './local-server';
import { Metrics } from './metrics';
import type { AgentStatus } from './status';
import { STATUS } from './status.testing';

const log = pino({ level: 'silent' });

describe('what the agent tells on its host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-local-'));
  const socket = join(folder, 'run', 'agent.sock');
  let status: AgentStatus;
  let server: LocalServer;
  const events = new HostEvents(log);

  beforeEach(async () => {
    status = STATUS;
    const metrics = new Metrics({ status: () => status, events });
    server = new LocalServer({
      socket,
      metricsListen: '127.0.0.1:19464',
      status: () => status,
      metrics,
      log,
    });
    server.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  afterEach(() => server.stop());
  afterAll(() => rmSync(folder, { recursive: true }));

  function ask(path: string): Promise<{ code: number | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      get(`http://127.0.0.1:19464${path}`, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ code: response.statusCode, body }));
      }).on('error', reject);
    });
  }

  it('is its status, to root, through the socket', async () => {
    expect(await askForStatus(socket)).toEqual(JSON.parse(JSON.stringify(STATUS)));
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect((await ask('/status')).code).toBe(404);
  });

  it('is whether it is well, and what is wrong where it is not', async () => {
    expect(await ask('/healthz')).toEqual({ code: 200, body: 'ok\n' });
    status = { ...STATUS, kernel: { obstacle: 'the kernel module is not loaded', seen: undefined } };
    expect(await ask('/healthz')).toEqual({ code: 503, body: 'the kernel module is not loaded\n' });
    status = { ...STATUS, state: { ...STATUS.state, storingFault: 'ENOSPC' } };
    expect((await ask('/healthz')).body).toContain('cannot be stored: ENOSPC');
    status = { ...STATUS, identity: { ...STATUS.identity, trouble: 'the certificates were revoked' } };
    expect((await ask('/healthz')).body).toContain('were revoked');
  });

  it('is metrics', async () => {
    events.note('drift-repaired', 'found: something');
    const { body } = await ask('/metrics');
    expect(body).toContain('nsgate_agent_kernel_up 1');
    expect(body).toContain('nsgate_agent_policies 3');
    expect(body).toContain('nsgate_agent_identity_good 1');
    expect(body).toContain(
      `nsgate_agent_certificate_expiration_timestamp_seconds ${Date.UTC(2031, 0, 31) / 1000}`,
    );
    expect(body).toContain('nsgate_agent_realizations{state="enforced"} 1');
    expect(body).toContain('nsgate_agent_host_events_total{kind="drift-repaired"} 1');
    expect(body).toContain('process_resident_memory_bytes');
  });

  it('does not tell when a certificate that is not there runs out', async () => {
    status = { ...STATUS, identity: { ...STATUS.identity, certificate: undefined } };
    expect((await ask('/metrics')).body).not.toMatch(
      /^nsgate_agent_certificate_expiration_timestamp_seconds /m,
    );
  });

  it('is told again by an agent that follows one that was killed', async () => {
    server.stop();
    writeFileSync(socket, '');
    server = new LocalServer({
      ...{ socket, metricsListen: undefined, status: () => status, log },
      metrics: new Metrics({ status: () => status, events }),
    });
    server.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await askForStatus(socket)).hostId).toBe('h1');
  });

  it('is an error where no agent runs', async () => {
    await expect(askForStatus(join(folder, 'none.sock'))).rejects.toThrow('ENOENT');
  });
});
