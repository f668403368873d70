/** A site replaces the CA of its controller while hosts enrol and renew: nobody is locked out on the way. */
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ControllerDesk } from '../../agent/src/controller-client/certificate-desk';
import type { Issued } from '../../agent/src/identity/enrolled-identity';
import { parseToken } from '../../agent/src/identity/enrolment-token';
import { makeKeyRequest } from '../../agent/src/identity/key-request';
import { buildController, ControllerProcess, nsgate } from '../../controller/src/controller-process.testing';
import { createLocalCa, type LocalCa } from '../../deploy/certificates/local-ca';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-authority-'));
/** What the controller is told to read. */
const live = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
const caKey = join(folder, 'ca-key.pem');
const controller = new ControllerProcess();
let before: LocalCa;
let after: LocalCa;

beforeAll(async () => {
  buildController();
  before = await createLocalCa(join(folder, 'before'));
  after = await createLocalCa(join(folder, 'after'));
  copyFileSync(before.caFile, live.ca);
  copyFileSync(before.keyFile, caKey);
  await serveBy(before);
  await controller.start(live, ['--ca-key', caKey]);
});
afterAll(async () => {
  await controller.remove();
  rmSync(folder, { recursive: true });
});

async function serveBy(ca: LocalCa): Promise<void> {
  const identity = { kind: 'controller', id: 'c' } as const;
  const files = await ca.issue({ name: 'controller', identity, ipAddresses: ['127.0.0.1'] });
  copyFileSync(files.cert, live.cert);
  copyFileSync(files.key, live.key);
}

const fingerprint = ({ caFile }: LocalCa): string =>
  new X509Certificate(readFileSync(caFile)).fingerprint256.replaceAll(':', '').toLowerCase();
const isFrom = (ca: LocalCa, { certificate }: Issued): boolean =>
  new X509Certificate(certificate).verify(new X509Certificate(readFileSync(ca.caFile)).publicKey);
const desk = (): ControllerDesk => new ControllerDesk({ addresses: [`127.0.0.1:${controller.port}`] });

interface EnrolledHost {
  pin: string;
  issued: Issued;
  key: string;
}

async function enrol(host: string): Promise<EnrolledHost> {
  const { stdout } = await nsgate('--socket', controller.socket, 'host', 'enroll', host);
  const token = stdout.trim();
  const pin = parseToken(token).authority;
  const { key, request } = await makeKeyRequest(host);
  return { pin, key, issued: await desk().enroll({ token, authority: pin, hostId: host, request }) };
}

async function renew(host: string, { issued, key }: EnrolledHost): Promise<EnrolledHost> {
  const material = { ca: issued.authority, cert: issued.certificate, key };
  const next = await makeKeyRequest(host);
  return { pin: '', key: next.key, issued: await desk().renew({ material, request: next.request }) };
}

async function read(what: string): Promise<void> {
  const count = controller.log.length;
  for (let i = 0; i < 100; i++) {
    await delay(100);
    if (!controller.log.slice(count).some(({ msg }) => msg === `${what} read again`)) continue;
    // Files that were written one after another may be read in two steps, a second apart.
    return delay(1500);
  }
  throw new Error(`the ${what} were not read again`);
}

it('old hosts renew, and new ones enrol, at every step', async () => {
  const old = await enrol('old');
  expect([old.pin, isFrom(before, old.issued)]).toEqual([fingerprint(before), true]);

  // The new CA signs; the controller itself is still certified by the old one.
  writeFileSync(caKey, readFileSync(after.keyFile));
  writeFileSync(live.ca, readFileSync(after.caFile, 'utf8') + readFileSync(before.caFile, 'utf8'));
  await read('certificates');
  const [renewed, young] = [await renew('old', old), await enrol('young')];
  expect(young.pin).toBe(fingerprint(before));
  expect([renewed, young].map(({ issued }) => isFrom(after, issued))).toEqual([true, true]);

  await serveBy(after);
  await read('certificates');
  const [again, newest] = [await renew('old', renewed), await enrol('newest')];
  expect(newest.pin).toBe(fingerprint(after));
  expect([again, newest].map(({ issued }) => isFrom(after, issued))).toEqual([true, true]);
  await expect(renew('young', young)).resolves.toBeDefined();
});

it('files that do not go together are told, and those before go on', async () => {
  mkdirSync(join(folder, 'third'));
  const third = await createLocalCa(join(folder, 'third'));
  writeFileSync(caKey, readFileSync(third.keyFile));
  for (let i = 0; i < 100 && !JSON.stringify(controller.log).includes('the CA cannot be used'); i++)
    await delay(100);
  expect(JSON.stringify(controller.log)).toContain('ca-key.pem is not the key of');
  expect(isFrom(after, (await enrol('late')).issued)).toBe(true);
});
