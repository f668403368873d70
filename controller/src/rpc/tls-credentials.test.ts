/** The TLS of the real controller: its version, its certificates, and peers that mean no good. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { clientCredentials, ListHostsRequest, type TlsFiles } from '@nsgate/proto';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { buildController, Clients, ControllerProcess, unary } from '../controller-process.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-tls-'));
const controller = new ControllerProcess();
let ca: LocalCa;
let server: TlsFiles;
let ada: TlsFiles;

beforeAll(async () => {
  buildController();
  ca = await createLocalCa(join(folder, 'ca'));
  server = await ca.issue({
    name: 'controller',
    identity: { kind: 'controller', id: 'c' },
    ipAddresses: ['127.0.0.1'],
  });
  ada = await ca.issue({ name: 'operator', identity: { kind: 'operator', id: 'ada' } });
  await controller.start(server);
});

afterAll(async () => {
  await controller.remove();
  rmSync(folder, { recursive: true });
});

const operator = (): Clients => new Clients(`127.0.0.1:${controller.port}`, clientCredentials(ada));
const reads = (clients: Clients): Promise<unknown> =>
  unary((done) => clients.fleet.listHosts(ListHostsRequest.create(), done)).finally(() => clients.close());

describe('TLS', () => {
  it('is 1.3, and nothing before', async () => {
    const handshake = (maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> =>
      new Promise((resolve) => {
        const socket = connectTls(
          {
            port: controller.port,
            host: '127.0.0.1',
            ca: readFileSync(server.ca),
            maxVersion,
            ALPNProtocols: ['h2'],
          },
          () => {
            resolve(socket.getProtocol() ?? '');
            socket.destroy();
          },
        );
        socket.on('error', () => resolve('refused'));
      });
    expect(await handshake('TLSv1.2')).toBe('refused');
    expect(await handshake('TLSv1.3')).toBe('TLSv1.3');
  });

  it('takes up renewed certificates without a restart, and keeps the old ones while the new are broken', async () => {
    const fingerprint = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connectTls(
          { port: controller.port, host: '127.0.0.1', rejectUnauthorized: false },
          () => {
            resolve(socket.getPeerCertificate().fingerprint256);
            socket.destroy();
          },
        );
        socket.on('error', reject);
      });
    const before = await fingerprint();
    const [cert, key] = [readFileSync(server.cert), readFileSync(server.key)];
    writeFileSync(server.cert, 'garbage');
    await eventually(() =>
      controller.log.some(({ msg }) => String(msg).startsWith('certificates cannot be used')),
    );
    expect(await fingerprint()).toBe(before);
    const renewed = await ca.issue({
      name: 'renewed',
      identity: { kind: 'controller', id: 'c' },
      ipAddresses: ['127.0.0.1'],
    });
    writeFileSync(server.key, readFileSync(renewed.key));
    writeFileSync(server.cert, readFileSync(renewed.cert));
    await eventually(async () => (await fingerprint()) !== before);
    writeFileSync(server.key, key);
    writeFileSync(server.cert, cert);
  });

  it('a peer that connects and says nothing does not keep others out', async () => {
    const silent = Array.from({ length: 200 }, () => connectTcp(controller.port, '127.0.0.1'));
    for (const socket of silent) socket.on('error', () => undefined);
    const began = Date.now();
    await expect(reads(operator())).resolves.toBeDefined();
    expect(Date.now() - began).toBeLessThan(5000);
    for (const socket of silent) if (!socket.closed) await once(socket.resume(), 'close');
    expect(Date.now() - began).toBeLessThan(20_000);
  });
});

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it does not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
