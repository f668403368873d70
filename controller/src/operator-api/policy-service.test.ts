/** The policy service of the real controller, over its Unix socket. */
import { status } from '@grpc/grpc-js';
import {
  Action,
  Hook,
  Policy,
  Rule,
  CreatePolicyRequest,
  ListPoliciesRequest,
  type DeletePolicyRequest,
  type RpcError,
  UpdatePolicyRequest,
  type WatchPoliciesResponse,
} from '@nsgate/proto';
import { buildController, ControllerProcess, unary, type Clients } from '../controller-process.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const controller = new ControllerProcess();
let clients: Clients;
let nextId = 0;

beforeAll(async () => {
  buildController();
  await controller.start();
  clients = controller.local();
});

afterAll(async () => {
  clients.close();
  await controller.remove();
});

/** A policy of a name that no other test has. */
function policy(fields: Partial<Policy> = {}): Policy {
  nextId += 1;
  return Policy.create({
    name: `policies/p${nextId}`,
    namespaces: { include: ['ns1'] },
    ...fields,
  });
}

const create = (given: Policy, more: Partial<CreatePolicyRequest> = {}): Promise<Policy> =>
  unary((done) =>
    clients.policies.createPolicy(CreatePolicyRequest.fromPartial({ policy: given, ...more }), done),
  );

const update = (given: Policy, more: Partial<UpdatePolicyRequest> = {}): Promise<Policy> => {
  const request = { ...UpdatePolicyRequest.create(), policy: given, ...more };
  return unary((done) => clients.policies.updatePolicy(request, done));
};

const remove = (name: string, more: Partial<DeletePolicyRequest> = {}): Promise<unknown> => {
  const request = { name, etag: '', allowMissing: false, validateOnly: false, reason: '', ...more };
  return unary((done) => clients.policies.deletePolicy(request, done));
};

const get = (name: string): Promise<Policy> => unary((done) => clients.policies.getPolicy({ name }, done));

describe('CreatePolicy', () => {
  it('stores a policy, and gives it uid, etag, revision and times', async () => {
    const made = await create(policy({ description: 'why' }));
    expect(made).toMatchObject({ description: 'why', uid: expect.any(String) as string });
    expect(made.revision).toBeGreaterThan(0n);
    expect(made.createTime).toEqual(made.updateTime);
    expect(await get(made.name)).toEqual(made);
  });

  it('ignores what only the controller gives', async () => {
    const made = await create(policy({ uid: 'mine', etag: 'mine', revision: 77n, createTime: new Date(0) }));
    expect(made).not.toMatchObject({ uid: 'mine' });
    expect(made.createTime).not.toEqual(new Date(0));
  });

  it('takes the name from the id', async () => {
    const { name, ...given } = policy();
    const made = await create({ ...given, name: '' }, { policyId: name.slice('policies/'.length) });
    expect(made.name).toBe(name);
  });

  it('refuses an id that is not that of the name, and one that is none', async () => {
    await expect(create(policy(), { policyId: 'other' })).rejects.toMatchObject({
      violations: [{ field: 'policy_id' }],
    });
    await expect(create(policy({ name: '' }), { policyId: 'A' })).rejects.toMatchObject({
      violations: [{ field: 'policy_id' }],
    });
  });

  it('refuses a name that is taken', async () => {
    const made = await create(policy());
    await expect(create(made)).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
    await expect(create(made, { validateOnly: true })).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
  });

  it('only checks when it is asked to', async () => {
    const given = policy();
    expect(await create(given, { validateOnly: true })).toMatchObject({ name: given.name, revision: 0n });
    await expect(get(given.name)).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('needs a policy', async () => {
    await expect(
      unary((done) =>
        clients.policies.createPolicy(CreatePolicyRequest.fromPartial({ policyId: 'a' }), done),
      ),
    ).rejects.toMatchObject({
      violations: [{ field: 'policy', description: 'is required' }],
    });
  });

  it('stores nothing of what is invalid, and names every field', async () => {
    const rule = Rule.fromPartial({
      id: 'r',
      hook: Hook.HOOK_INPUT,
      action: Action.ACTION_DROP,
      match: { sources: ['010.1.1.1'], protocol: 'tcp', destinationPorts: ['90-80'] },
    });
    const given = policy({ rules: [rule, { ...rule, match: undefined }] });
    const refused = (await create(given, { reason: 'x'.repeat(1025) }).catch(
      (error: unknown) => error,
    )) as RpcError;
    expect(refused.code).toBe(status.INVALID_ARGUMENT);
    expect(refused.violations.map(({ field }) => field)).toEqual([
      'reason',
      'policy.rules[0].match.sources[0]',
      'policy.rules[0].match.destination_ports[0]',
      'policy.rules[1].id',
    ]);
    await expect(get(given.name)).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('UpdatePolicy', () => {
  it('replaces every field that may be written, and keeps uid and create time', async () => {
    const made = await create(policy({ description: 'old', priority: 3 }));
    const changed = await update({ ...made, description: 'new', priority: 0 });
    expect(changed).toMatchObject({
      description: 'new',
      priority: 0,
      uid: made.uid,
      createTime: made.createTime,
    });
    expect(changed.revision).toBeGreaterThan(made.revision);
    expect(changed.etag).not.toBe(made.etag);
  });

  it('stores nothing when nothing changes', async () => {
    const made = await create(policy());
    expect(await update(made)).toEqual(made);
  });

  it('takes only the fields of the mask', async () => {
    const made = await create(policy({ description: 'old', priority: 3 }));
    const mask = ['description', 'etag'];
    const changed = await update(
      { ...made, description: 'new', priority: 9, namespaces: undefined },
      { updateMask: mask },
    );
    expect(changed).toMatchObject({ description: 'new', priority: 3, namespaces: made.namespaces });
  });

  it('refuses a mask with a field that there is not, along with all else that is wrong', async () => {
    const made = await create(policy());
    const updateMask = ['priority', 'colour', 'rules.id', '*'];
    await expect(
      update({ ...made, priority: 5000, namespaces: undefined }, { updateMask }),
    ).rejects.toMatchObject({
      violations: [
        { field: 'update_mask.paths[1]' },
        { field: 'update_mask.paths[2]' },
        { field: 'update_mask.paths[3]' },
        { field: 'policy.priority' },
      ],
    });
  });

  it('refuses a stale etag with ABORTED and the current one', async () => {
    const made = await create(policy());
    const changed = await update({ ...made, priority: 1 });
    await expect(update({ ...made, priority: 2 })).rejects.toMatchObject({
      code: status.ABORTED,
      reason: { reason: 'ETAG_MISMATCH', metadata: { resource: made.name, etag: changed.etag } },
    });
    expect(await update({ ...made, etag: '', priority: 2 })).toMatchObject({ priority: 2 });
  });

  it('makes a missing policy when it is allowed to, without regard to the mask', async () => {
    const given = policy({ priority: 7 });
    await expect(update(given)).rejects.toMatchObject({ code: status.NOT_FOUND });
    expect(await update(given, { allowMissing: true, updateMask: ['description'] })).toMatchObject({
      priority: 7,
    });
  });

  it('does not make anew, by an etag, what somebody else has deleted', async () => {
    const made = await create(policy());
    await remove(made.name);
    await expect(update(made, { allowMissing: true })).rejects.toMatchObject({ code: status.ABORTED });
  });

  it('loses none of many changes that are made at once to different fields', async () => {
    const made = await create(policy());
    await Promise.all([
      update({ ...made, etag: '', priority: 5 }, { updateMask: ['priority'] }),
      update({ ...made, etag: '', description: 'd' }, { updateMask: ['description'] }),
      update({ ...made, etag: '', labels: { a: 'b' } }, { updateMask: ['labels'] }),
    ]);
    expect(await get(made.name)).toMatchObject({ priority: 5, description: 'd', labels: { a: 'b' } });
  });
});

describe('DeletePolicy', () => {
  it('removes a policy; one that is made anew is another', async () => {
    const made = await create(policy());
    await remove(made.name);
    await expect(get(made.name)).rejects.toMatchObject({ code: status.NOT_FOUND });
    const again = await create(made);
    expect([again.uid === made.uid, again.etag === made.etag]).toEqual([false, false]);
  });

  it('minds etag, allow_missing and validate_only', async () => {
    const made = await create(policy());
    await expect(remove(made.name, { etag: 'stale' })).rejects.toMatchObject({ code: status.ABORTED });
    await remove(made.name, { validateOnly: true });
    await remove(made.name, { etag: made.etag });
    await expect(remove(made.name)).rejects.toMatchObject({ code: status.NOT_FOUND });
    await remove(made.name, { allowMissing: true });
    await expect(remove('nonsense')).rejects.toMatchObject({ violations: [{ field: 'name' }] });
  });
});

describe('ListPolicies', () => {
  it('gives every policy once, in order, over as many pages as it takes', async () => {
    for (let i = 0; i < 5; i++) await create(policy());
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await unary<{ policies: Policy[]; nextPageToken: string }>((done) =>
        clients.policies.listPolicies(ListPoliciesRequest.fromPartial({ pageSize: 2, pageToken }), done),
      );
      expect(page.policies.length).toBeLessThanOrEqual(2);
      names.push(...page.policies.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(names).toEqual([...new Set(names)].sort());
    expect(names.length).toBeGreaterThanOrEqual(5);
  });

  it('refuses a token that is not its own, and a negative size', async () => {
    const list = unary((done) =>
      clients.policies.listPolicies(ListPoliciesRequest.fromPartial({ pageSize: -1, pageToken: 'x' }), done),
    );
    await expect(list).rejects.toMatchObject({
      violations: [{ field: 'page_size' }, { field: 'page_token' }],
    });
  });
});

describe('WatchPolicies', () => {
  /** Reads until `count` messages that tell of the policy, or the in-sync mark when none is given, have come. */
  async function watch(
    afterRevision: bigint,
    until: (message: WatchPoliciesResponse) => boolean,
  ): Promise<WatchPoliciesResponse[]> {
    const call = clients.policies.watchPolicies({ afterRevision });
    const seen: WatchPoliciesResponse[] = [];
    for await (const message of call as AsyncIterable<WatchPoliciesResponse>) {
      seen.push(message);
      if (until(message)) break;
    }
    call.on('error', () => undefined);
    call.cancel();
    return seen;
  }
  const inSync = ({ event }: WatchPoliciesResponse): boolean => event?.$case === 'inSync';

  it('sends every policy, the mark, and then each change', async () => {
    const made = await create(policy());
    const watching = watch(0n, ({ event }) => event?.$case === 'removal');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const changed = await update({ ...made, priority: 9 });
    await remove(made.name);
    const seen = await watching;
    const mark = seen.findIndex(inSync);
    expect(
      seen.slice(0, mark).some(({ event }) => event?.$case === 'policy' && event.value.name === made.name),
    ).toBe(true);
    expect(seen.slice(mark + 1)).toEqual([
      { event: { $case: 'policy', value: changed }, revision: changed.revision },
      {
        event: { $case: 'removal', value: { name: made.name, uid: made.uid } },
        revision: changed.revision + 1n,
      },
    ]);
  });

  it('resumes behind a revision', async () => {
    const [first, second] = [await create(policy()), await create(policy())];
    const seen = await watch(first.revision, inSync);
    expect(seen).toEqual([
      { event: { $case: 'policy', value: second }, revision: second.revision },
      { event: { $case: 'inSync', value: {} }, revision: second.revision },
    ]);
  });

  it('says OUT_OF_RANGE for a revision that it does not hold', async () => {
    await expect(watch(1_000_000n, inSync)).rejects.toMatchObject({ code: status.OUT_OF_RANGE });
  });
});
