/** The web page of the real controller, as far as TLS goes: its certificates, and the version. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type SecureVersion } from 'node:tls';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { buildController, ControllerProcess } from '../controller-process.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-web-tls-'));
const controller = new ControllerProcess();
const WEB = ['--web', '127.0.0.1:0'];

beforeAll(() => {
  buildController();
  execFileSync(process.execPath, [join(__dirname, '../../build-web.mjs')]);
});
afterEach(() => controller.stop());
afterAll(async () => {
  await controller.remove();
  rmSync(folder, { recursive: true });
});

interface Handshake {
  readonly ca: string;
  readonly name?: string;
  readonly maxVersion?: SecureVersion;
}

/** How a browser fares that trusts this CA alone: the fingerprint of what it is shown, or why it goes no further. */
function visit({ ca, name = 'localhost', maxVersion = 'TLSv1.3' }: Handshake): Promise<string> {
  const port = Number(controller.log.find(({ transport }) => transport === 'https')?.port);
  return new Promise((resolve) => {
    const socket = connect(
      { host: '127.0.0.1', port, servername: name, ca: readFileSync(ca), maxVersion },
      () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      },
    );
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

const FINGERPRINT = /^(?:[0-9A-F]{2}:){31}/;

it('is served by the certificate that the controller makes for --tls-names', async () => {
  await controller.start(undefined, ['--listen', '127.0.0.1:0', '--tls-names', 'localhost', ...WEB]);
  const ca = join(controller.dataDir, 'ca', 'ca.pem');
  expect(await visit({ ca })).toMatch(FINGERPRINT);
  expect(await visit({ ca, name: 'elsewhere.example' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
});

describe('with the certificate of a site', () => {
  /** What the controller is told to read. */
  const live = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  let ca: LocalCa;

  async function certify(name: string): Promise<void> {
    const identity = { kind: 'controller', id: 'c' } as const;
    const files = await ca.issue({ name, identity, dnsNames: ['localhost'] });
    copyFileSync(files.key, live.key);
    copyFileSync(files.cert, live.cert);
  }

  beforeAll(async () => {
    ca = await createLocalCa(join(folder, 'ca'));
    copyFileSync(ca.caFile, live.ca);
  });
  beforeEach(async () => {
    await certify('first');
    await controller.start(live, WEB);
  });

  it('speaks TLS 1.3, and nothing before', async () => {
    expect(await visit({ ca: live.ca })).toMatch(FINGERPRINT);
    expect(await visit({ ca: live.ca, maxVersion: 'TLSv1.2' })).toMatch(/PROTOCOL_VERSION|ECONNRESET/);
  });

  it('takes up a renewed one without a restart, and keeps the old one while the new is broken', async () => {
    const before = await visit({ ca: live.ca });
    const count = controller.log.length;
    writeFileSync(live.cert, 'garbage');
    await eventually(() =>
      controller.log
        .slice(count)
        .some(({ msg }) => String(msg).startsWith('certificates of the web page cannot be used')),
    );
    expect(await visit({ ca: live.ca })).toBe(before);
    await certify('second');
    await eventually(async () => {
      const now = await visit({ ca: live.ca });
      return now !== before && FINGERPRINT.test(now);
    });
  });
});

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it does not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
