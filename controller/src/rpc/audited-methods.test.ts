/** The record of every method that changes something, found by the API's description: one line for what was done, one for what was refused. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { status, type ServiceError } from '@grpc/grpc-js';
import * as x509 from '@peculiar/x509';
import * as api from '@nsgate/proto';
import { AgentStreamServiceClient, clientCredentials, Hello } from '@nsgate/proto';
import { readMethodRules } from '../access/method-rules';
import { verifyChain } from '../audit/verify';
import { buildDescriptions, type Clients } from '../controller-process.testing';
import { AccessSite, eventually, type AuditLine } from './access-site.testing';
import { callMethod } from './any-call.testing';
import { builtDescriptorPaths, readDescriptorSet } from './reflection';

// Processes start slowly on a busy machine.
jest.setTimeout(120_000);

buildDescriptions();
const RULES = readMethodRules(readDescriptorSet(builtDescriptorPaths()[0]));
const AUDITED = [...RULES].filter(([, { audited }]) => audited).map(([path]) => path);
const site = new AccessSite();
const { as, withToken, lines, auditFile } = site;
let ada: Clients;
/** A host that is connected. */
let hostCall: { cancel: () => void } | undefined;

beforeAll(async () => {
  await site.start(['--ca-key', `${site.folder}/ca/ca-key.pem`]);
  ada = await as('ada');
  for (const id of ['h1', 'h2']) await connectHost(id);
});
afterAll(async () => {
  hostCall?.cancel();
  await site.remove();
});

/** h2 goes again at once. */
async function connectHost(id: string): Promise<void> {
  const files = await site.ca.issue({ name: `agent-${id}`, identity: { kind: 'host', id } });
  const client = new AgentStreamServiceClient(`127.0.0.1:${site.controller.port}`, clientCredentials(files));
  const call = client.connect();
  call.on('error', () => undefined);
  call.on('data', () => undefined);
  call.write({ message: { $case: 'hello', value: Hello.fromPartial({ hostId: id, bootId: 'b' }) } });
  const connected = async (): Promise<boolean> => {
    const { hosts } = (await callMethod(
      '/nsgate.v1.FleetService/ListHosts',
      ada,
      {},
    )) as api.ListHostsResponse;
    return hosts.some((host) => host.name === `hosts/${id}` && host.connected);
  };
  await eventually(connected);
  if (id === 'h1') hostCall = call;
  else {
    call.cancel();
    await eventually(async () => !(await connected()));
  }
}

async function certificateRequest(): Promise<Buffer> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=x',
    keys,
    signingAlgorithm: algorithm,
  });
  return Buffer.from(made.rawData);
}

/** What becomes of the resource, as its digests tell. */
type Effect = 'made' | 'changed' | 'gone' | 'as it was' | 'none';

interface Covered {
  readonly by?: () => Promise<Clients> | Clients;
  readonly principal?: string;
  readonly request: () => object | Promise<object>;
  /** One that is refused for what is in it; left out: one without anything. */
  readonly wrong?: object;
  /** Left out: it is the caller himself. */
  readonly resource?: string;
  readonly effect: Effect;
}

const revisions = { policy: 0n, set: 0n };
const policy = { name: 'policies/p', description: '', labels: { a: 'b' }, namespaces: { include: ['*'] } };

/** In this order: each finds what those before it have left. */
const COVERED: Readonly<Record<string, Covered>> = {
  'PolicyService/CreatePolicy': {
    request: () =>
      api.CreatePolicyRequest.fromPartial({
        policyId: 'p',
        policy: { ...policy, labels: {} },
        reason: 'why',
      }),
    ...{ resource: 'policies/p', effect: 'made' },
  },
  'PolicyService/UpdatePolicy': {
    request: () => api.UpdatePolicyRequest.fromPartial({ policy, updateMask: ['labels'], reason: 'why' }),
    ...{ resource: 'policies/p', effect: 'changed' },
  },
  'PolicyService/RollbackPolicy': {
    request: () =>
      api.RollbackPolicyRequest.fromPartial({
        name: 'policies/p',
        revision: revisions.policy,
        reason: 'why',
      }),
    ...{ resource: 'policies/p', effect: 'changed' },
  },
  'PolicyService/BatchApplyPolicies': {
    request: () => api.BatchApplyPoliciesRequest.fromPartial({ policies: [policy], reason: 'why' }),
    wrong: api.BatchApplyPoliciesRequest.fromPartial({ deleteNames: ['p'] }),
    ...{ resource: 'policies/p', effect: 'changed' },
  },
  'PolicyService/DeletePolicy': {
    request: () => api.DeletePolicyRequest.fromPartial({ name: 'policies/p', reason: 'why' }),
    ...{ resource: 'policies/p', effect: 'gone' },
  },
  'ResourceService/ApplyResources': {
    request: () => api.ApplyResourcesRequest.fromPartial({ policies: [policy], reason: 'why' }),
    wrong: api.ApplyResourcesRequest.fromPartial({ deleteNames: ['p'] }),
    ...{ resource: 'policies/p', effect: 'made' },
  },
  'AddressSetService/CreateAddressSet': {
    request: () =>
      api.CreateAddressSetRequest.fromPartial({ addressSetId: 's', addressSet: {}, reason: 'why' }),
    ...{ resource: 'addressSets/s', effect: 'made' },
  },
  'AddressSetService/UpdateAddressSet': {
    request: () =>
      api.UpdateAddressSetRequest.fromPartial({
        addressSet: { name: 'addressSets/s', description: 'x' },
        updateMask: ['description'],
        reason: 'why',
      }),
    ...{ resource: 'addressSets/s', effect: 'changed' },
  },
  'AddressSetService/ModifyAddressSetMembers': {
    request: () =>
      api.ModifyAddressSetMembersRequest.fromPartial({
        name: 'addressSets/s',
        add: ['10.0.0.0/8'],
        reason: 'why',
      }),
    ...{ resource: 'addressSets/s', effect: 'changed' },
  },
  'AddressSetService/RollbackAddressSet': {
    request: () =>
      api.RollbackAddressSetRequest.fromPartial({
        name: 'addressSets/s',
        revision: revisions.set,
        reason: 'why',
      }),
    ...{ resource: 'addressSets/s', effect: 'changed' },
  },
  'AddressSetService/DeleteAddressSet': {
    request: () => api.DeleteAddressSetRequest.fromPartial({ name: 'addressSets/s', reason: 'why' }),
    ...{ resource: 'addressSets/s', effect: 'gone' },
  },
  'FleetService/UpdateHost': {
    request: () =>
      api.UpdateHostRequest.fromPartial({ host: { name: 'hosts/h1', operatorLabels: { a: 'b' } } }),
    ...{ resource: 'hosts/h1', effect: 'changed' },
  },
  'FleetService/DeleteHost': {
    request: () => api.DeleteHostRequest.fromPartial({ name: 'hosts/h2' }),
    ...{ resource: 'hosts/h2', effect: 'gone' },
  },
  'EnrollmentService/CreateEnrollmentToken': {
    request: () => api.CreateEnrollmentTokenRequest.fromPartial({ host: 'hosts/h1' }),
    ...{ resource: 'hosts/h1', effect: 'as it was' },
  },
  'EnrollmentService/Enroll': {
    by: () => withToken(),
    principal: 'anonymous',
    request: async () => {
      const path = '/nsgate.v1.EnrollmentService/CreateEnrollmentToken';
      const { token } = (await callMethod(path, ada, {
        host: 'hosts/h3',
      })) as api.CreateEnrollmentTokenResponse;
      return { token, hostId: 'h3', certificateRequest: await certificateRequest() };
    },
    ...{ resource: 'hosts/h3', effect: 'none' },
  },
  'EnrollmentService/RenewCertificate': {
    by: () => as('h1', 'host'),
    principal: 'host:h1',
    request: async () => ({ certificateRequest: await certificateRequest() }),
    effect: 'none',
  },
  'EnrollmentService/RevokeHost': {
    request: () => api.RevokeHostRequest.fromPartial({ host: 'hosts/h9', reason: 'why' }),
    ...{ resource: 'hosts/h9', effect: 'none' },
  },
};

const DIGEST = /^[0-9a-f]{64}$/;

function expectEffect({ before, after }: AuditLine['resources'][number], effect: Effect): void {
  if (effect === 'none') expect([before, after]).toEqual(['', '']);
  else if (effect === 'made') expect([before, after]).toEqual(['', expect.stringMatching(DIGEST)]);
  else if (effect === 'gone') expect([before, after]).toEqual([expect.stringMatching(DIGEST), '']);
  else {
    expect([before, after]).toEqual([expect.stringMatching(DIGEST), expect.stringMatching(DIGEST)]);
    expect(before === after).toBe(effect === 'as it was');
  }
}

/** What a call has added to the record. */
async function recordOf(
  path: string,
  clients: Clients,
  request: object,
): Promise<{ told: number; added: AuditLine[] }> {
  const count = lines().length;
  const told = await callMethod(path, clients, request).then(
    (answer) => {
      noteRevision(path, answer);
      return status.OK;
    },
    (error: unknown) => (error as ServiceError).code,
  );
  return { told, added: lines().slice(count) };
}

function noteRevision(path: string, answer: unknown): void {
  const { revision } = answer as { revision: bigint };
  if (path.endsWith('/CreatePolicy')) revisions.policy = revision;
  if (path.endsWith('/CreateAddressSet')) revisions.set = revision;
}

it('every method that changes something is covered here', () => {
  expect(AUDITED.map((path) => path.replace('/nsgate.v1.', '')).sort()).toEqual(Object.keys(COVERED).sort());
});

const all = Object.entries(COVERED).map(([name, covered]) => [name, covered] as const);

describe.each(all)('%s', (name, { by, principal = 'cert:ada', request, wrong = {}, resource, effect }) => {
  const path = `/nsgate.v1.${name}`;
  const isOfHosts = RULES.get(path)?.role === 'host';

  it('is one line when it was refused for who asks', async () => {
    // Enroll is refused for its token.
    const stranger = principal === 'anonymous' ? withToken() : await as(isOfHosts ? 'ada' : 'vera');
    const asked =
      principal === 'anonymous'
        ? { token: 'nsge1.x', hostId: 'h3', certificateRequest: Buffer.alloc(0) }
        : await request();
    const { told, added } = await recordOf(path, stranger, asked);
    expect(added).toHaveLength(1);
    expect(added[0]).toMatchObject({
      principal: principal === 'anonymous' ? 'anonymous' : isOfHosts ? 'cert:ada' : 'cert:vera',
      method: path.slice(1),
      result: status[told],
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      reason: expect.stringMatching(
        /needs the role|is for certificates of kind host|token is not good/,
      ) as string,
    });
    if (!isOfHosts) expect(added[0]?.resources.map((one) => one.name)).toEqual([resource]);
  });

  it('is one line when the request was wrong', async () => {
    const { told, added } = await recordOf(path, (await by?.()) ?? ada, wrong);
    expect(told).not.toBe(status.OK);
    expect(added.map(({ result }) => result)).toEqual([status[told]]);
    expect(added[0]?.reason).not.toBe('');
  });

  it('is one line when it was done, with what became of what', async () => {
    const asked = await request();
    const { told, added } = await recordOf(path, (await by?.()) ?? ada, asked);
    expect([told, added.length]).toEqual([status.OK, 1]);
    expect(added[0]).toMatchObject({
      ...{ principal, method: path.slice(1), result: 'OK' },
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      reason: 'reason' in asked ? 'why' : '',
    });
    expect(added[0]?.resources.map((one) => one.name)).toEqual(resource === undefined ? [] : [resource]);
    const [changed] = added[0]?.resources ?? [];
    if (changed !== undefined) expectEffect(changed, effect);
  });
});

it('what hosts open is on record as well when it is refused', async () => {
  const count = lines().length;
  const bytes = (message: Buffer): Buffer => message;
  const stream = ada.fleet.makeBidiStreamRequest('/nsgate.v1.AgentStreamService/Connect', bytes, bytes);
  await new Promise((resolve) => stream.on('error', resolve).on('data', () => undefined));
  expect(lines().slice(count)).toMatchObject([
    { principal: 'cert:ada', method: 'nsgate.v1.AgentStreamService/Connect', result: 'PERMISSION_DENIED' },
  ]);
});

it('the digest after a change is the digest before the next', () => {
  const ofPolicy = lines()
    .filter(({ result }) => result === 'OK')
    .flatMap(({ resources }) => resources.filter((one) => one.name === 'policies/p'));
  expect(ofPolicy.length).toBeGreaterThan(4);
  for (const [at, { before }] of ofPolicy.entries()) expect(before).toBe(ofPolicy[at - 1]?.after ?? '');
});

it('all of it is a whole chain', () => {
  expect(verifyChain([auditFile])).toMatchObject({ first: 1 });
});
