/** What bindings with limits extend to, tried by every kind of change on the real controller. */
import { writeFileSync } from 'node:fs';
import * as api from '@nsgate/proto';
import { AgentStreamServiceClient, clientCredentials, Hello } from '@nsgate/proto';
import type { Clients } from '../controller-process.testing';
import { AccessSite, denied, eventually } from './access-site.testing';
import { callMethod } from './any-call.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(120_000);

const site = new AccessSite();
const { as, lines } = site;
/** Without limits. */
let ada: Clients;
/** Editor of what bears team=web. */
let edda: Clients;
/** Editor of policies that demand role=web of hosts. */
let hedda: Clients;
/** Operator of hosts that bear env=test. */
let oskar: Clients;
const hosts: { cancel: () => void }[] = [];

const BINDINGS = `bindings:
  - { role: editor, principals: [cert:hedda], hosts: { role: web } }
  - { role: operator, principals: [cert:oskar], hosts: { env: test } }`;

beforeAll(async () => {
  await site.start(['--ca-key', `${site.folder}/ca/ca-key.pem`]);
  [ada, edda, hedda, oskar] = (await Promise.all(['ada', 'edda', 'hedda', 'oskar'].map((id) => as(id)))) as [
    Clients,
    Clients,
    Clients,
    Clients,
  ];
  writeFileSync(site.accessFile, site.access().replace('bindings:', BINDINGS));
  await eventually(() =>
    ask(oskar, 'PolicyService/ListPolicies', api.ListPoliciesRequest.create()).then(
      () => true,
      () => false,
    ),
  );
  await connectHost('tested', { env: 'test' });
  await connectHost('real', { env: 'real' });
  for (const [id, team] of [
    ['own', 'web'],
    ['foreign', 'db'],
  ] as const) {
    await ask(ada, 'PolicyService/CreatePolicy', createPolicy(id, { team }));
    const set = { addressSetId: id, addressSet: { labels: { team } } };
    await ask(ada, 'AddressSetService/CreateAddressSet', api.CreateAddressSetRequest.fromPartial(set));
  }
});
afterAll(async () => {
  for (const host of hosts) host.cancel();
  await site.remove();
});

const ask = (who: Clients, method: string, request: object): Promise<unknown> =>
  callMethod(`/nsgate.v1.${method}`, who, request);

async function connectHost(id: string, labels: Record<string, string>): Promise<void> {
  const files = await site.ca.issue({ name: `agent-${id}`, identity: { kind: 'host', id } });
  const client = new AgentStreamServiceClient(`127.0.0.1:${site.controller.port}`, clientCredentials(files));
  const call = client.connect();
  hosts.push(call);
  call.on('error', () => undefined);
  const welcome = new Promise((resolve) => call.once('data', resolve));
  call.write({ message: { $case: 'hello', value: Hello.fromPartial({ hostId: id, bootId: 'b', labels }) } });
  await welcome;
}

type Requirement = api.LabelRequirement;
const demand = (key: string, ...values: string[]): Requirement => ({
  ...{ key, values },
  operator: values.length > 1 ? api.LabelOperator.LABEL_OPERATOR_IN : api.LabelOperator.LABEL_OPERATOR_EQUALS,
});
const policy = (id: string, labels: Record<string, string>, ...requirements: Requirement[]): api.Policy =>
  api.Policy.fromPartial({
    name: `policies/${id}`,
    labels,
    hostSelector: { requirements },
    namespaces: { include: ['x'] },
  });
const createPolicy = (id: string, labels: Record<string, string>, ...requirements: Requirement[]): object =>
  api.CreatePolicyRequest.fromPartial({ policyId: id, policy: policy(id, labels, ...requirements) });
const labelPolicy = (id: string, labels: Record<string, string>): object =>
  api.UpdatePolicyRequest.fromPartial({ policy: { name: `policies/${id}`, labels }, updateMask: ['labels'] });

type Try = readonly [what: string, method: string, request: () => object | Promise<object>];

async function revisionOf(name: string): Promise<bigint> {
  const [method, request] = name.startsWith('policies/')
    ? (['PolicyService/GetPolicy', api.GetPolicyRequest.fromPartial({ name })] as const)
    : (['AddressSetService/GetAddressSet', api.GetAddressSetRequest.fromPartial({ name })] as const);
  return ((await ask(ada, method, request)) as { revision: bigint }).revision;
}

const BATCH = 'PolicyService/BatchApplyPolicies';
const APPLY = 'ResourceService/ApplyResources';

const beyondLabels: Try[] = [
  ['makes a policy without the label', 'PolicyService/CreatePolicy', () => createPolicy('new', {})],
  ['makes one with another value', 'PolicyService/CreatePolicy', () => createPolicy('new', { team: 'db' })],
  [
    "takes over another's by labelling it",
    'PolicyService/UpdatePolicy',
    () => labelPolicy('foreign', { team: 'web' }),
  ],
  ['hands his own away', 'PolicyService/UpdatePolicy', () => labelPolicy('own', { team: 'db' })],
  ['takes the label off his own', 'PolicyService/UpdatePolicy', () => labelPolicy('own', {})],
  [
    "deletes another's",
    'PolicyService/DeletePolicy',
    () => api.DeletePolicyRequest.fromPartial({ name: 'policies/foreign' }),
  ],
  [
    "rolls another's back",
    'PolicyService/RollbackPolicy',
    async () =>
      api.RollbackPolicyRequest.fromPartial({
        name: 'policies/foreign',
        revision: await revisionOf('policies/foreign'),
      }),
  ],
  [
    "writes another's in a batch with his own",
    BATCH,
    () =>
      api.BatchApplyPoliciesRequest.fromPartial({
        policies: [policy('batched', { team: 'web' }), policy('foreign', { team: 'web' })],
      }),
  ],
  [
    "deletes another's in a batch with his own",
    BATCH,
    () =>
      api.BatchApplyPoliciesRequest.fromPartial({
        policies: [policy('batched', { team: 'web' })],
        deleteNames: ['policies/foreign'],
      }),
  ],
  [
    "deletes another's set beside his own policy",
    APPLY,
    () =>
      api.ApplyResourcesRequest.fromPartial({
        policies: [policy('batched', { team: 'web' })],
        deleteNames: ['addressSets/foreign'],
      }),
  ],
  [
    'makes a set without the label',
    'AddressSetService/CreateAddressSet',
    () => api.CreateAddressSetRequest.fromPartial({ addressSetId: 'new', addressSet: {} }),
  ],
  [
    "changes the members of another's set",
    'AddressSetService/ModifyAddressSetMembers',
    () =>
      api.ModifyAddressSetMembersRequest.fromPartial({ name: 'addressSets/foreign', add: ['10.0.0.0/8'] }),
  ],
  [
    "takes over another's set",
    'AddressSetService/UpdateAddressSet',
    () =>
      api.UpdateAddressSetRequest.fromPartial({
        addressSet: { name: 'addressSets/foreign', labels: { team: 'web' } },
        updateMask: ['labels'],
      }),
  ],
  [
    "rolls another's set back",
    'AddressSetService/RollbackAddressSet',
    async () =>
      api.RollbackAddressSetRequest.fromPartial({
        name: 'addressSets/foreign',
        revision: await revisionOf('addressSets/foreign'),
      }),
  ],
  [
    "deletes another's set",
    'AddressSetService/DeleteAddressSet',
    () => api.DeleteAddressSetRequest.fromPartial({ name: 'addressSets/foreign' }),
  ],
  [
    'only tries, without changing anything',
    'PolicyService/DeletePolicy',
    () => api.DeletePolicyRequest.fromPartial({ name: 'policies/foreign', validateOnly: true }),
  ],
];

describe('an editor of what bears a label is refused, whole and on record, when he', () => {
  it.each(beyondLabels)('%s', async (_what, method, request) => {
    const before = await state();
    await expect(ask(edda, method, await request())).rejects.toMatchObject({
      ...denied,
      details: expect.stringContaining('your bindings do not extend to') as string,
    });
    expect(lines().at(-1)).toMatchObject({ principal: 'cert:edda', result: 'PERMISSION_DENIED' });
    expect(await state()).toEqual(before);
  });

  it('rolls his own back to when it was not his', async () => {
    await ask(ada, 'PolicyService/CreatePolicy', createPolicy('handed', { team: 'db' }));
    const revision = await revisionOf('policies/handed');
    await ask(ada, 'PolicyService/UpdatePolicy', labelPolicy('handed', { team: 'web' }));
    const request = api.RollbackPolicyRequest.fromPartial({ name: 'policies/handed', revision });
    await expect(ask(edda, 'PolicyService/RollbackPolicy', request)).rejects.toMatchObject(denied);
    await expect(ask(ada, 'PolicyService/RollbackPolicy', request)).resolves.toBeDefined();
  });
});

/** Everything that operators write. */
async function state(): Promise<unknown> {
  const { policies } = (await ask(ada, 'PolicyService/ListPolicies', api.ListPoliciesRequest.create())) as {
    policies: unknown;
  };
  const sets = await ask(ada, 'AddressSetService/ListAddressSets', api.ListAddressSetsRequest.create());
  const { hosts: known } = (await ask(ada, 'FleetService/ListHosts', api.ListHostsRequest.create())) as {
    hosts: api.Host[];
  };
  return { policies, sets, hosts: known.map(({ name, operatorLabels }) => [name, operatorLabels]) };
}

describe('he may', () => {
  it.each<Try>([
    ['make what bears it', 'PolicyService/CreatePolicy', () => createPolicy('made', { team: 'web', a: 'b' })],
    ['change it', 'PolicyService/UpdatePolicy', () => labelPolicy('made', { team: 'web' })],
    [
      'write many of his own',
      BATCH,
      () => api.BatchApplyPoliciesRequest.fromPartial({ policies: [policy('made', { team: 'web' })] }),
    ],
    [
      'delete it',
      'PolicyService/DeletePolicy',
      () => api.DeletePolicyRequest.fromPartial({ name: 'policies/made' }),
    ],
    [
      'change the members of his own set',
      'AddressSetService/ModifyAddressSetMembers',
      () => api.ModifyAddressSetMembersRequest.fromPartial({ name: 'addressSets/own', add: ['10.0.0.0/8'] }),
    ],
  ])('%s', async (_what, method, request) => {
    await expect(ask(edda, method, await request())).resolves.toBeDefined();
  });

  it.each<Try>([
    ['one', 'PolicyService/GetPolicy', () => api.GetPolicyRequest.fromPartial({ name: 'policies/foreign' })],
    [
      'its versions',
      'PolicyService/ListPolicyRevisions',
      () => api.ListPolicyRevisionsRequest.fromPartial({ name: 'policies/foreign' }),
    ],
    [
      'a set',
      'AddressSetService/GetAddressSet',
      () => api.GetAddressSetRequest.fromPartial({ name: 'addressSets/foreign' }),
    ],
    ['a host', 'FleetService/GetHost', () => api.GetHostRequest.fromPartial({ name: 'hosts/real' })],
  ])('read what is not his: %s', async (_what, method, request) => {
    await expect(ask(edda, method, await request())).resolves.toBeDefined();
  });
});

describe('an editor of policies for some hosts', () => {
  it('writes what demands their label, and nothing that could reach others', async () => {
    const create = (id: string, ...requirements: Requirement[]): Promise<unknown> =>
      ask(hedda, 'PolicyService/CreatePolicy', createPolicy(id, {}, ...requirements));
    await expect(create('inside', demand('role', 'web'), demand('env', 'test'))).resolves.toBeDefined();
    await expect(create('outside')).rejects.toMatchObject(denied);
    await expect(create('outside', demand('role', 'web', 'db'))).rejects.toMatchObject(denied);
    await expect(create('outside', demand('env', 'test'))).rejects.toMatchObject(denied);
    const widen = api.UpdatePolicyRequest.fromPartial({
      policy: policy('inside', {}, demand('env', 'test')),
      updateMask: ['host_selector'],
    });
    await expect(ask(hedda, 'PolicyService/UpdatePolicy', widen)).rejects.toMatchObject(denied);
  });

  it('changes no set, whose members reach every host', async () => {
    const request = api.ModifyAddressSetMembersRequest.fromPartial({
      name: 'addressSets/own',
      add: ['10.9.0.0/16'],
    });
    await expect(ask(hedda, 'AddressSetService/ModifyAddressSetMembers', request)).rejects.toMatchObject(
      denied,
    );
  });
});

describe('an operator of some hosts', () => {
  const label = (host: string, operatorLabels: Record<string, string>): object =>
    api.UpdateHostRequest.fromPartial({ host: { name: `hosts/${host}`, operatorLabels } });

  it.each<Try>([
    ['labels another', 'FleetService/UpdateHost', () => label('real', { env: 'test' })],
    ['labels one away from them', 'FleetService/UpdateHost', () => label('tested', { env: 'real' })],
    [
      'forgets another',
      'FleetService/DeleteHost',
      () => api.DeleteHostRequest.fromPartial({ name: 'hosts/real' }),
    ],
    [
      'revokes another',
      'EnrollmentService/RevokeHost',
      () => api.RevokeHostRequest.fromPartial({ host: 'hosts/real' }),
    ],
    [
      'enrols another',
      'EnrollmentService/CreateEnrollmentToken',
      () => api.CreateEnrollmentTokenRequest.fromPartial({ host: 'hosts/real' }),
    ],
    [
      'enrols one that nobody knows',
      'EnrollmentService/CreateEnrollmentToken',
      () => api.CreateEnrollmentTokenRequest.fromPartial({ host: 'hosts/new' }),
    ],
    [
      'revokes one that nobody knows',
      'EnrollmentService/RevokeHost',
      () => api.RevokeHostRequest.fromPartial({ host: 'hosts/new' }),
    ],
  ])('is refused when he %s', async (_what, method, request) => {
    const before = await state();
    await expect(ask(oskar, method, await request())).rejects.toMatchObject(denied);
    expect(await state()).toEqual(before);
  });

  it('labels and enrols them', async () => {
    await expect(ask(oskar, 'FleetService/UpdateHost', label('tested', { a: 'b' }))).resolves.toBeDefined();
    const enrol = api.CreateEnrollmentTokenRequest.fromPartial({ host: 'hosts/tested' });
    await expect(ask(oskar, 'EnrollmentService/CreateEnrollmentToken', enrol)).resolves.toBeDefined();
  });
});
