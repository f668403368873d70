/** The real controller as a process: starting, stopping, and being killed; and the command line against it. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { Policy } from '@nsgate/proto';
import { CreatePolicyRequest, type TlsFiles, type WatchPoliciesResponse } from '@nsgate/proto';
import { createLocalCa } from '../../deploy/certificates/local-ca';
import {
  buildController,
  ControllerProcess,
  failingController,
  nsgate,
  unary,
} from './controller-process.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-main-'));
let tls: TlsFiles;
let operator: TlsFiles;

beforeAll(async () => {
  buildController();
  const ca = await createLocalCa(join(folder, 'ca'));
  tls = await ca.issue({
    name: 'controller',
    identity: { kind: 'controller', id: 'c' },
    ipAddresses: ['127.0.0.1'],
  });
  operator = await ca.issue({ name: 'operator', identity: { kind: 'operator', id: 'o' } });
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a controller', () => {
  let controller: ControllerProcess;

  beforeEach(() => (controller = new ControllerProcess()));
  afterEach(() => controller.remove());

  it('has a socket for its owner and group alone, which is gone when it has stopped', async () => {
    await controller.start();
    expect((statSync(controller.socket).mode & 0o777).toString(8)).toBe('660');
    expect(await controller.stop()).toBe(0);
    expect(existsSync(controller.socket)).toBe(false);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops on %s with streams open, within 5 s, and tells them',
    async (signal) => {
      await controller.start(tls);
      const clients = controller.local();
      const watch = clients.policies.watchPolicies({ afterRevision: 0n });
      watch.on('error', () => undefined);
      await once(watch, 'data');
      const ended = once(watch, 'error');
      const began = Date.now();
      expect(await controller.stop(signal)).toBe(0);
      expect(Date.now() - began).toBeLessThan(5000);
      expect(await ended).toMatchObject([{ code: status.UNAVAILABLE }]);
      expect(controller.log.at(-1)).toMatchObject({ msg: 'controller has stopped' });
      clients.close();
    },
  );

  it('has every acknowledged policy after it was killed, and takes over its stale socket', async () => {
    await controller.start();
    const clients = controller.local();
    const request = CreatePolicyRequest.fromPartial({
      policy: { name: 'policies/a', namespaces: { include: ['*'] } },
    });
    const made = await unary<Policy>((done) => clients.policies.createPolicy(request, done));
    clients.close();
    await controller.stop('SIGKILL');
    expect(existsSync(controller.socket)).toBe(true);
    await controller.start();
    const again = controller.local();
    expect(await unary((done) => again.policies.getPolicy({ name: 'policies/a' }, done))).toEqual(made);
    const watch = again.policies.watchPolicies({ afterRevision: made.revision });
    watch.on('error', () => undefined);
    const [message] = (await once(watch, 'data')) as [WatchPoliciesResponse];
    expect(message).toMatchObject({ event: { $case: 'inSync' }, revision: made.revision });
    watch.cancel();
    again.close();
  });

  it('logs one line for each change, with who, what and why', async () => {
    await controller.start();
    const file = join(folder, 'log.yaml');
    writeFileSync(file, 'kind: Policy\nname: policies/logged\nnamespaces: { include: [ns1] }\n');
    await nsgate('--socket', controller.socket, 'apply', '-f', file, '--reason', 'because');
    await nsgate('--socket', controller.socket, 'delete', 'logged');
    const lines = controller.log.filter(({ policy }) => policy === 'policies/logged');
    expect(lines).toMatchObject([
      { msg: 'policy stored', revision: 1, author: 'operator/local', reason: 'because' },
      { msg: 'policy removed', revision: 2, author: 'operator/local', reason: '' },
    ]);
  });
});

describe('a controller that cannot start says why in one line and exits with 1:', () => {
  const data = join(folder, 'data');
  const socket = join(folder, 'c.sock');
  const base = ['--data-dir', data, '--socket', socket];
  const withTls = (files: Partial<TlsFiles>, listen = '127.0.0.1:0'): string[] => {
    const { ca, cert, key } = { ...tls, ...files };
    return [...base, '--listen', listen, '--tls-ca', ca, '--tls-cert', cert, '--tls-key', key];
  };
  const expectLine = async (args: string[], text: string): Promise<void> => {
    const { status: exit, stdout, stderr } = await failingController(...args);
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect({ exit, stdout, lines }).toEqual({
      exit: 1,
      stdout: '',
      lines: [expect.stringContaining(text) as string],
    });
    expect(lines[0]).toMatch(/^nsgate-controller: /);
  };

  it('an option that there is not', () => expectLine(['--nonsense'], "unknown option '--nonsense'"));
  it('a data folder that cannot be', () =>
    expectLine(['--data-dir', '/dev/null/x'], 'the data folder /dev/null/x cannot be written'));
  it('TCP without certificates', () =>
    expectLine([...base, '--listen', '127.0.0.1:0'], 'TLS and certificates only'));
  it('a certificate that cannot be read', () =>
    expectLine(withTls({ cert: '/nonexistent.pem' }), 'cannot read the certificate: ENOENT'));
  it('a certificate that is none', async () => {
    const garbage = join(folder, 'garbage.pem');
    writeFileSync(garbage, 'garbage');
    await expectLine(withTls({ cert: garbage }), 'PEM');
  });
  it('a key of another certificate', () => expectLine(withTls({ key: operator.key }), 'key'));
  it('a port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expectLine(
      withTls({}, address),
      `cannot listen on ${address}: the address is in use by another process`,
    );
    server.close();
  });
  it('a socket that somebody serves', async () => {
    const server = createServer().listen(socket);
    await once(server, 'listening');
    await expectLine(base, `another process serves the socket ${socket}`);
    server.close();
    await once(server, 'close');
  });
  it('a file in the place of the socket, which it leaves alone', async () => {
    const file = join(folder, 'precious');
    writeFileSync(file, 'precious');
    await expectLine(['--data-dir', data, '--socket', file], `${file} exists and is not a socket`);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });
  it('a socket path that is too long', () =>
    expectLine(['--data-dir', data, '--socket', `/tmp/${'x'.repeat(120)}`], 'longer than 107 bytes'));
  it('a data folder that another controller uses', async () => {
    const controller = new ControllerProcess();
    await controller.start();
    await expectLine(['--data-dir', controller.dataDir, '--socket', socket], 'is in use by another process');
    await controller.remove();
  });
  it('a store of a newer version', async () => {
    const controller = new ControllerProcess();
    await controller.start();
    await controller.stop();
    const later = `require('better-sqlite3')(${JSON.stringify(join(controller.dataDir, 'policies.db'))}).exec('INSERT INTO migrations VALUES (99, 0)')`;
    execFileSync(process.execPath, ['-e', later], { cwd: __dirname });
    await expectLine(
      ['--data-dir', controller.dataDir, '--socket', socket],
      'was written by a newer nsgate (schema 99',
    );
    await controller.remove();
  });
});

describe('nsgate', () => {
  const controller = new ControllerProcess();
  const file = join(folder, 'web.yaml');
  const over = {
    socket: (): string[] => ['--socket', controller.socket],
    tcp: (): string[] => [
      '--endpoint',
      `127.0.0.1:${controller.port}`,
      '--tls-ca',
      operator.ca,
      '--tls-cert',
      operator.cert,
      '--tls-key',
      operator.key,
    ],
  };

  beforeAll(async () => {
    await controller.start(tls);
    writeFileSync(
      file,
      'kind: Policy\nname: policies/web\nnamespaces: { include: [ns1] }\nrules: [{ id: a, hook: INPUT, action: DROP }]\n',
    );
  });
  afterAll(() => controller.remove());

  it.each(['socket', 'tcp'] as const)('applies, shows and deletes over %s', async (way) => {
    const run = (...args: string[]): ReturnType<typeof nsgate> => nsgate(...over[way](), ...args);
    expect(await run('apply', '--file', file, '--dry-run')).toMatchObject({
      status: 0,
      stdout: '+ policies/web is new: acts in 0 namespaces of 0 hosts\n',
    });
    expect((await run('apply', '-f', file)).stdout).toMatch(
      /^\+ policies\/web is new: .*\npolicies\/web stands at revision \d+\n/,
    );
    const table = (await run('get', 'policies')).stdout.split('\n');
    expect(table[0]).toMatch(/^NAME +TIER +PRIORITY +RULES +NAMESPACES +HOSTS +REVISION$/);
    expect(table[1]).toMatch(/^policies\/web +default +0 +1 +ns1 +all +\d+$/);
    const json = JSON.parse((await run('get', 'policies', 'web', '-o', 'json')).stdout) as object;
    expect(json).toMatchObject({ kind: 'Policy', name: 'policies/web', rules: [{ hook: 'HOOK_INPUT' }] });
    expect((await run('get', 'hosts')).stdout).toBe('there are no hosts\n');
    expect(await run('delete', 'web')).toMatchObject({ status: 0, stdout: 'policies/web is deleted\n' });
    expect(await run('delete', 'web')).toMatchObject({
      status: 4,
      stderr: 'nsgate: NOT_FOUND: there is no policies/web\n',
    });
  });

  it('stores nothing of several files when one is wrong, and tells the field', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'kind: Policy\nname: policies/bad\nnamespaces: { include: ["ns["] }\n');
    const refused = await nsgate(...over.socket(), 'apply', '-f', file, bad);
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    expect(refused.stderr).toContain(`${bad}:3:25: namespaces.include[0]: "ns["`);
    expect((await nsgate(...over.socket(), 'get', 'policies')).stdout).toBe('there are no policies\n');
  });

  it('says in a line what it cannot reach or read', async () => {
    expect((await nsgate('--socket', '/nonexistent', 'get', 'hosts')).stderr).toBe(
      'nsgate: UNAVAILABLE: the controller cannot be reached: connect ENOENT /nonexistent\n',
    );
    expect((await nsgate(...over.socket(), 'apply', '-f', '/nonexistent')).stderr).toContain('ENOENT');
    expect((await nsgate('--endpoint', '127.0.0.1:1', 'get', 'hosts')).stderr).toContain('--tls-ca');
  });
});
