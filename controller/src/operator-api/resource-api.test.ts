/** Batches, versions, lists and address sets of the real controller, over its Unix socket. */
import { status } from '@grpc/grpc-js';
import {
  Action,
  BatchApplyPoliciesRequest,
  CreateAddressSetRequest,
  CreatePolicyRequest,
  DeleteAddressSetRequest,
  DiffPolicyRevisionsRequest,
  Hook,
  ListAddressSetMembersRequest,
  ListPoliciesRequest,
  ListPolicyRevisionsRequest,
  ModifyAddressSetMembersRequest,
  Policy,
  PreviewPolicyRequest,
  RollbackPolicyRequest,
  Rule,
  UpdatePolicyRequest,
  type AddressSet,
  type BatchApplyPoliciesResponse,
  type ListAddressSetMembersResponse,
  type ListPoliciesResponse,
} from '@nsgate/proto';
import { buildController, ControllerProcess, unary, type Clients } from '../controller-process.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const controller = new ControllerProcess();
let clients: Clients;

beforeAll(async () => {
  buildController();
  await controller.start();
  clients = controller.local();
});

afterAll(async () => {
  clients.close();
  await controller.remove();
});

const policy = (id: string, fields: Partial<Policy> = {}): Policy => ({
  ...Policy.create({ name: `policies/${id}`, namespaces: { include: ['ns1'] } }),
  ...fields,
});
const rule = (id: string, more: Parameters<typeof Rule.fromPartial>[0] = {}): Rule =>
  Rule.fromPartial({ id, hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP, ...more });
const create = (given: Policy): Promise<Policy> =>
  unary((done) => clients.policies.createPolicy(CreatePolicyRequest.create({ policy: given }), done));
const update = (given: Policy, reason = ''): Promise<Policy> =>
  unary((done) => clients.policies.updatePolicy(UpdatePolicyRequest.create({ policy: given, reason }), done));
const apply = (
  request: Parameters<typeof BatchApplyPoliciesRequest.fromPartial>[0],
): Promise<BatchApplyPoliciesResponse> =>
  unary((done) => clients.policies.batchApplyPolicies(BatchApplyPoliciesRequest.fromPartial(request), done));
const names = async (request: Parameters<typeof ListPoliciesRequest.fromPartial>[0]): Promise<string[]> => {
  const found = await unary<ListPoliciesResponse>((done) =>
    clients.policies.listPolicies(ListPoliciesRequest.fromPartial(request), done),
  );
  return found.policies.map(({ name }) => name.slice('policies/'.length));
};

describe('BatchApplyPolicies', () => {
  it('does all of it', async () => {
    await create(policy('batch-old'));
    const { policies, revision } = await apply({
      policies: [policy('batch-a'), policy('batch-b', { priority: 3 })],
      deleteNames: ['policies/batch-old'],
    });
    expect(policies.map(({ name }) => name)).toEqual(['policies/batch-a', 'policies/batch-b']);
    expect(revision).toBeGreaterThanOrEqual(policies[1]?.revision ?? 0n);
    expect(await names({ filter: '' })).not.toContain('batch-old');
  });

  it.each<[string, Parameters<typeof BatchApplyPoliciesRequest.fromPartial>[0], object]>([
    ['what is gone', { deleteNames: ['policies/batch-none'] }, { code: status.NOT_FOUND }],
    ['a stale etag', { policies: [policy('batch-c', { etag: 'old' })] }, { code: status.ABORTED }],
    [
      'a field that is wrong',
      { policies: [policy('batch-c', { priority: 5000 })] },
      { violations: [{ field: 'policies[1].priority' }] },
    ],
    [
      'a name twice',
      { policies: [policy('batch-d')], deleteNames: ['policies/batch-d'] },
      { violations: [{ field: 'delete_names[0]' }] },
    ],
    [
      'a set that is not there',
      {
        policies: [
          policy('batch-e', { rules: [rule('r', { match: { sourceSets: ['addressSets/none'] } })] }),
        ],
      },
      { code: status.FAILED_PRECONDITION, reason: { metadata: { addressSet: 'addressSets/none' } } },
    ],
  ])('does nothing of it for %s', async (_what, request, expected) => {
    const policies = [policy('batch-never'), ...(request.policies ?? [])];
    await expect(apply({ ...request, policies })).rejects.toMatchObject(expected);
    expect(await names({})).not.toContain('batch-never');
  });

  it('only checks when it is asked to', async () => {
    const { policies } = await apply({ policies: [policy('batch-checked')], validateOnly: true });
    expect(policies).toMatchObject([{ revision: 0n }]);
    expect(await names({})).not.toContain('batch-checked');
  });
});

describe('the versions of a policy', () => {
  it('are listed, compared and brought back', async () => {
    const first = await create(policy('versions', { rules: [rule('a'), rule('b')] }));
    const second = await update(
      { ...first, priority: 7, rules: [rule('b', { comment: 'why' }), rule('a'), rule('c')] },
      'incident 12',
    );
    const { name } = first;
    const list = await unary<{ revisions: { revision: bigint; author: string; reason: string }[] }>((done) =>
      clients.policies.listPolicyRevisions(ListPolicyRevisionsRequest.create({ name }), done),
    );
    expect(list.revisions).toMatchObject([
      { revision: second.revision, author: 'operator/local', reason: 'incident 12' },
      { revision: first.revision, reason: '' },
    ]);
    const request = DiffPolicyRevisionsRequest.create({ name, fromRevision: first.revision });
    const diff = await unary<{ changes: { path: string; before: string; after: string }[] }>((done) =>
      clients.policies.diffPolicyRevisions(request, done),
    );
    expect(diff.changes.map(({ path }) => path).sort()).toEqual([
      'priority',
      'rules',
      'rules[b].comment',
      'rules[c]',
    ]);
    expect(diff.changes).toContainEqual({ path: 'rules', before: '["a","b"]', after: '["b","a","c"]' });
    const back = RollbackPolicyRequest.create({ name, revision: first.revision });
    const restored = await unary<Policy>((done) => clients.policies.rollbackPolicy(back, done));
    expect(restored.rules).toEqual(first.rules);
    expect(restored).toMatchObject({ uid: first.uid, priority: 0 });
    const unknown = RollbackPolicyRequest.create({ name, revision: 999_999n });
    await expect(unary((done) => clients.policies.rollbackPolicy(unknown, done))).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  it('outlive the policy, which can be made anew from them', async () => {
    const made = await create(policy('revived', { description: 'once' }));
    await apply({ deleteNames: [made.name], reason: 'not needed' });
    const { name } = made;
    const list = await unary<{ revisions: { removed: boolean; reason: string }[] }>((done) =>
      clients.policies.listPolicyRevisions(ListPolicyRevisionsRequest.create({ name }), done),
    );
    expect(list.revisions).toMatchObject([{ removed: true, reason: 'not needed' }, { removed: false }]);
    const back = RollbackPolicyRequest.create({ name, revision: made.revision });
    const revived = await unary<Policy>((done) => clients.policies.rollbackPolicy(back, done));
    expect(revived).toMatchObject({ name, description: 'once' });
    expect(revived.uid).not.toBe(made.uid);
  });
});

describe('a list of policies', () => {
  it('is filtered by labels, ordered, and goes on where a page ended', async () => {
    for (const [id, priority] of [
      ['l1', 5],
      ['l2', -5],
      ['l3', 1],
    ] as const) {
      await create(policy(id, { priority, labels: { list: 'yes', id } }));
    }
    expect(await names({ filter: 'list=yes', orderBy: 'priority' })).toEqual(['l2', 'l3', 'l1']);
    expect(await names({ filter: 'list, id notin (l2)', orderBy: 'name desc' })).toEqual(['l3', 'l1']);
    const page = (pageToken: string, orderBy: string): Promise<ListPoliciesResponse> =>
      unary((done) =>
        clients.policies.listPolicies(
          ListPoliciesRequest.fromPartial({ filter: 'list', orderBy, pageSize: 2, pageToken }),
          done,
        ),
      );
    const first = await page('', 'priority desc');
    const second = await page(first.nextPageToken, 'priority desc');
    expect([...first.policies, ...second.policies].map(({ priority }) => priority)).toEqual([5, 1, -5]);
    await expect(page(first.nextPageToken, 'priority')).rejects.toMatchObject({
      violations: [{ field: 'page_token' }],
    });
  });

  it.each([
    [{ filter: 'a b' }, 'filter'],
    [{ orderBy: 'colour' }, 'order_by'],
    [{ host: 'web' }, 'host'],
  ])('refuses %j', async (request, field) => {
    await expect(names(request)).rejects.toMatchObject({ violations: [{ field }] });
  });
});

describe('an address set', () => {
  const set = (id: string): { name: string } => ({ name: `addressSets/${id}` });
  const make = (id: string, members: string[]): Promise<AddressSet> =>
    unary((done) =>
      clients.addressSets.createAddressSet(
        CreateAddressSetRequest.fromPartial({ addressSetId: id, addressSet: { description: 'x' }, members }),
        done,
      ),
    );
  const modify = (
    request: Parameters<typeof ModifyAddressSetMembersRequest.fromPartial>[0],
  ): Promise<AddressSet> =>
    unary((done) =>
      clients.addressSets.modifyAddressSetMembers(ModifyAddressSetMembersRequest.fromPartial(request), done),
    );
  const membersOf = async (name: string, pageSize = 0): Promise<string[]> => {
    const members: string[] = [];
    let pageToken = '';
    do {
      const request = ListAddressSetMembersRequest.fromPartial({ name, pageSize, pageToken });
      const page = await unary<ListAddressSetMembersResponse>((done) =>
        clients.addressSets.listAddressSetMembers(request, done),
      );
      members.push(...page.members);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return members;
  };

  it('is made, changed by deltas, read page by page, and outlives a kill of the controller', async () => {
    const made = await make('life', ['10.0.0.0/8', '::1', '192.0.2.1']);
    expect(made).toMatchObject({ memberCount: 3n, description: 'x' });
    const changed = await modify({ ...set('life'), add: ['9.9.9.9', '10.0.0.0/8'], remove: ['::1', '::2'] });
    expect(changed.memberCount).toBe(3n);
    const members = ['9.9.9.9/32', '10.0.0.0/8', '192.0.2.1/32'];
    expect(await membersOf('addressSets/life', 2)).toEqual(members);
    const same = await modify({ ...set('life'), add: ['9.9.9.9'] });
    expect(same.revision).toBe(changed.revision);
    await controller.stop('SIGKILL');
    await controller.start();
    clients.close();
    clients = controller.local();
    expect(await membersOf('addressSets/life')).toEqual(members);
  });

  it('is refused what is wrong, field by field', async () => {
    await make('wrong', []);
    await expect(make('wrong', [])).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
    await expect(make('other', ['10.0.0.1/8'])).rejects.toMatchObject({
      violations: [{ field: 'members[0]' }],
    });
    await expect(modify({ ...set('wrong'), add: ['x'], remove: ['10.0.0.0/33'] })).rejects.toMatchObject({
      violations: [{ field: 'add[0]' }, { field: 'remove[0]' }],
    });
    await expect(modify({ ...set('wrong'), add: ['::1'], remove: ['::1'] })).rejects.toMatchObject({
      violations: [{ field: 'remove' }],
    });
    await expect(modify({ ...set('wrong'), etag: 'old', add: ['::1'] })).rejects.toMatchObject({
      code: status.ABORTED,
      reason: { reason: 'ETAG_MISMATCH' },
    });
    await expect(modify({ ...set('none') })).rejects.toMatchObject({ code: status.NOT_FOUND });
    const many = Array<string>(100_001).fill('::1');
    await expect(modify({ ...set('wrong'), add: many })).rejects.toMatchObject({
      violations: [{ field: 'add' }],
    });
  });

  it('cannot be deleted while a policy refers to it', async () => {
    await make('used', ['::1']);
    await create(policy('using', { rules: [rule('r', { match: { notSourceSets: ['addressSets/used'] } })] }));
    const drop = (): Promise<unknown> =>
      unary((done) =>
        clients.addressSets.deleteAddressSet(DeleteAddressSetRequest.create(set('used')), done),
      );
    await expect(drop()).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: { metadata: { policies: 'policies/using' } },
    });
    await apply({ deleteNames: ['policies/using'] });
    await drop();
    await expect(membersOf('addressSets/used')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('the failsafe', () => {
  const dangerous = policy('danger', {
    namespaces: { include: ['pid:1'], exclude: [] },
    rules: [rule('all')],
  });

  it('refuses what could cut off SSH in the network of the host, unless it is forced', async () => {
    await expect(create(dangerous)).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: { reason: 'WOULD_CUT_OFF', metadata: { hook: 'input', rule: 'all', namespace: 'pid:1' } },
    });
    const preview = await unary<{ cutOff: string; isNew: boolean }>((done) =>
      clients.policies.previewPolicy(PreviewPolicyRequest.create({ policy: dangerous }), done),
    );
    expect(preview).toMatchObject({ isNew: true, cutOff: expect.stringContaining('SSH') as string });
    const forced = CreatePolicyRequest.create({ policy: dangerous, force: true });
    await unary((done) => clients.policies.createPolicy(forced, done));
  });

  it('lets pass what cannot', async () => {
    const accept = rule('ssh', {
      action: Action.ACTION_ACCEPT,
      match: { protocol: 'tcp', destinationPorts: ['22'] },
    });
    await create({ ...dangerous, name: 'policies/careful', rules: [accept, rule('all')] });
  });
});
