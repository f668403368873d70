/** Agents and operators: what opens the one kind's methods opens none of the other's, method by method, over real TLS. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, status, type ServiceError } from '@grpc/grpc-js';
import { clientCredentials, type PeerIdentity, type TlsFiles } from '@nsgate/proto';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { readMethodRules } from '../access/method-rules';
import { buildController, ControllerProcess } from '../controller-process.testing';
import { builtDescriptorPaths, readDescriptorSet } from './reflection';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-kinds-'));
const controller = new ControllerProcess();
const clients: Client[] = [];
let ca: LocalCa;
let server: TlsFiles;

buildController();
const RULES = [...readMethodRules(readDescriptorSet(builtDescriptorPaths()[0]))];
const ofHosts = RULES.filter(([, { role }]) => role === 'host').map(([path]) => path);
const ofOperators = RULES.filter(([, { role }]) => role !== 'host' && role !== 'anyone').map(
  ([path]) => path,
);

beforeAll(async () => {
  ca = await createLocalCa(join(folder, 'ca'));
  server = await ca.issue({
    name: 'controller',
    identity: { kind: 'controller', id: 'c' },
    ipAddresses: ['127.0.0.1'],
  });
  await controller.start(server);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await controller.remove();
  rmSync(folder, { recursive: true });
});

async function as(identity: PeerIdentity, trustDomain?: string): Promise<Client> {
  const name = `${identity.kind}-${identity.id}-${trustDomain ?? 'ours'}`;
  const files = await ca.issue({ name, identity, ...(trustDomain === undefined ? {} : { trustDomain }) });
  const client = new Client(`127.0.0.1:${controller.port}`, clientCredentials(files));
  clients.push(client);
  return client;
}

/** How a call with an empty message ends, of whatever kind the method is. */
function outcome(client: Client, path: string): Promise<{ code: number; details: string }> {
  const bytes = (message: Buffer): Buffer => message;
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(path, bytes, bytes);
    call.on('error', (error: ServiceError) => resolve(error));
    call.on('data', () => {
      resolve({ code: status.OK, details: '' });
      call.cancel();
    });
    call.end(Buffer.alloc(0));
  });
}

it('there are methods of both kinds', () => {
  expect(ofHosts.length).toBeGreaterThanOrEqual(2);
  expect(ofOperators.length).toBeGreaterThanOrEqual(30);
});

describe('the certificate of a host', () => {
  it.each(ofOperators)('does not open %s', async (path) => {
    const ended = await outcome(await as({ kind: 'host', id: 'h1' }), path);
    expect(ended).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: 'this method is for certificates of kind operator; yours is of kind host',
    });
  });
});

describe('the certificate of an administrator', () => {
  it.each(ofHosts)('does not open %s', async (path) => {
    const ended = await outcome(await as({ kind: 'operator', id: 'root' }), path);
    expect(ended).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: 'this method is for certificates of kind host; yours is of kind operator',
    });
  });
});

describe('a certificate of our CA, but of another trust domain', () => {
  it.each<[PeerIdentity['kind'], string]>([
    ['operator', ofOperators[0] ?? ''],
    ['host', ofHosts[0] ?? ''],
  ])('of kind %s opens nothing, and that is on record', async (kind, path) => {
    const ended = await outcome(await as({ kind, id: 'x1' }, 'other.example'), path);
    expect(ended).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: "the certificate is of the trust domain other.example, and this controller's is nsgate.local",
    });
    const record = readFileSync(join(controller.dataDir, 'audit.jsonl'), 'utf8').trimEnd().split('\n').at(-1);
    expect(JSON.parse(record ?? '')).toMatchObject({
      method: path.slice(1),
      result: 'PERMISSION_DENIED',
      reason: expect.stringContaining('other.example') as string,
    });
  });
});
