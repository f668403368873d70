/** Versions of address sets, and transactions of many resources, of the real controller: from code and from the command line. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import {
  Action,
  ApplyResourcesRequest,
  CreateAddressSetRequest,
  DeleteAddressSetRequest,
  DiffAddressSetRevisionsRequest,
  GetAddressSetRevisionRequest,
  Hook,
  ListAddressSetMembersRequest,
  ListAddressSetRevisionsRequest,
  ModifyAddressSetMembersRequest,
  Policy,
  RollbackAddressSetRequest,
  type AddressSet,
  type AddressSetRevision,
  type ApplyResourcesResponse,
  type DiffAddressSetRevisionsResponse,
  type ListAddressSetMembersResponse,
  type ListAddressSetRevisionsResponse,
  type WatchAddressSetsResponse,
} from '@nsgate/proto';
import {
  buildController,
  ControllerProcess,
  nsgate,
  unary,
  type Clients,
} from '../controller-process.testing';

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

const make = (id: string, members: string[]): Promise<AddressSet> =>
  unary((done) =>
    clients.addressSets.createAddressSet(
      CreateAddressSetRequest.fromPartial({ addressSetId: id, members, addressSet: { description: 'x' } }),
      done,
    ),
  );
const modify = (
  request: Parameters<typeof ModifyAddressSetMembersRequest.fromPartial>[0],
): Promise<AddressSet> =>
  unary((done) =>
    clients.addressSets.modifyAddressSetMembers(ModifyAddressSetMembersRequest.fromPartial(request), done),
  );
const drop = (name: string): Promise<unknown> =>
  unary((done) => clients.addressSets.deleteAddressSet(DeleteAddressSetRequest.create({ name }), done));
const membersOf = async (name: string, revision = 0n): Promise<string[]> => {
  const request = ListAddressSetMembersRequest.create({ name, revision });
  const { members } = await unary<ListAddressSetMembersResponse>((done) =>
    clients.addressSets.listAddressSetMembers(request, done),
  );
  return members;
};
const versions = async (name: string, pageSize = 0): Promise<AddressSetRevision[]> => {
  const found: AddressSetRevision[] = [];
  let pageToken = '';
  do {
    const request = ListAddressSetRevisionsRequest.create({ name, pageSize, pageToken });
    const page = await unary<ListAddressSetRevisionsResponse>((done) =>
      clients.addressSets.listAddressSetRevisions(request, done),
    );
    found.push(...page.revisions);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return found;
};
const rollback = (name: string, revision: bigint): Promise<AddressSet> =>
  unary((done) =>
    clients.addressSets.rollbackAddressSet(RollbackAddressSetRequest.create({ name, revision }), done),
  );

describe('the versions of an address set', () => {
  it('are listed with author, reason and what changed, and read with their members', async () => {
    const { name, revision } = await make('listed', ['10.0.0.0/8', '::1']);
    await modify({ name, add: ['9.9.9.9'], remove: ['::1', '::2'], reason: 'incident 7' });
    const found = await versions(name, 1);
    expect(found).toMatchObject([
      { author: 'operator/local', reason: 'incident 7', addedCount: 1n, removedCount: 1n, removed: false },
      { revision, addedCount: 2n, removedCount: 0n, addressSet: { memberCount: 2n, description: 'x' } },
    ]);
    expect(await membersOf(name, revision)).toEqual(['10.0.0.0/8', '::1/128']);
    const get = GetAddressSetRevisionRequest.create({ name, revision });
    expect(
      await unary<AddressSetRevision>((done) => clients.addressSets.getAddressSetRevision(get, done)),
    ).toEqual(found[1]);
  });

  it('are compared page by page, and brought back', async () => {
    const { name, revision: first } = await make('compared', ['10.0.0.0/8', '::1', '::2']);
    await modify({ name, add: ['9.9.9.9', '9.9.9.10'], remove: ['::1'] });
    const pages: DiffAddressSetRevisionsResponse[] = [];
    for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
      const request = DiffAddressSetRevisionsRequest.create({
        ...{ name, fromRevision: first },
        ...{ pageSize: 2, pageToken },
      });
      const page = await unary<DiffAddressSetRevisionsResponse>((done) =>
        clients.addressSets.diffAddressSetRevisions(request, done),
      );
      pages.push(page);
      pageToken = page.nextPageToken === '' ? undefined : page.nextPageToken;
    }
    expect(pages).toMatchObject([
      { added: ['9.9.9.9/32', '9.9.9.10/32'], removed: [], addedCount: 2n, removedCount: 1n },
      { added: [], removed: ['::1/128'] },
    ]);
    expect(await rollback(name, first)).toMatchObject({ memberCount: 3n });
    expect(await membersOf(name)).toEqual(['10.0.0.0/8', '::1/128', '::2/128']);
    expect((await versions(name))[0]).toMatchObject({ reason: `rolled back to revision ${first}` });
  });

  it('outlive the set, which is made anew from them', async () => {
    const { name, revision, uid } = await make('anew', ['::1']);
    await drop(name);
    expect(await versions(name)).toMatchObject([{ removed: true, removedCount: 1n }, { removed: false }]);
    const anew = await rollback(name, revision);
    expect(anew).toMatchObject({ memberCount: 1n, description: 'x' });
    expect(anew.uid).not.toBe(uid);
  });

  it('that are not held are not found', async () => {
    const { name } = await make('held', ['::1']);
    const notFound = { code: status.NOT_FOUND };
    await expect(versions('addressSets/never')).rejects.toMatchObject(notFound);
    await expect(rollback(name, 999_999n)).rejects.toMatchObject(notFound);
    await expect(membersOf(name, 999_999n)).rejects.toMatchObject(notFound);
    await expect(rollback(name, 0n)).rejects.toMatchObject({ violations: [{ field: 'revision' }] });
  });
});

describe('a watch of address sets', () => {
  /** Reads until the in-sync mark, or `count` messages. */
  const read = async (afterRevision: bigint, count = Infinity): Promise<WatchAddressSetsResponse[]> => {
    const watch = clients.addressSets.watchAddressSets({ afterRevision });
    const told: WatchAddressSetsResponse[] = [];
    try {
      for await (const message of watch as AsyncIterable<WatchAddressSetsResponse>) {
        told.push(message);
        if (told.length === count || (count === Infinity && message.event?.$case === 'inSync')) break;
      }
    } finally {
      watch.on('error', () => undefined).cancel();
    }
    return told;
  };
  const cases = (told: WatchAddressSetsResponse[]): unknown[] => told.map(({ event }) => event?.$case);

  it('tells all of them, that it is in sync, and then each change', async () => {
    const { name } = await make('watched', ['::1']);
    const snapshot = await read(0n);
    expect(snapshot.at(-1)?.revision).toBeGreaterThan(0n);
    expect(
      snapshot.slice(0, -1).every(({ event, revision }) => event?.$case === 'addressSet' && revision === 0n),
    ).toBe(true);
    const live = read(snapshot.at(-1)?.revision ?? 0n, 3);
    const changed = await modify({ name, add: ['::2'] });
    await drop(name);
    const told = await live;
    expect(told.at(-1)).toMatchObject({ event: { $case: 'removal', value: { name } } });
    expect(cases(told)).toContain('inSync');
    expect(told.every(({ revision }) => revision >= changed.revision - 1n)).toBe(true);
  });

  it('resumes with what changed since, and not from what is not held', async () => {
    const { name, revision } = await make('resumed', ['::1']);
    await modify({ name, add: ['::2'] });
    await make('resumed-too', []);
    const told = await read(revision);
    expect(cases(told)).toEqual(['addressSet', 'addressSet', 'inSync']);
    expect(told[0]?.event).toMatchObject({ value: { name, memberCount: 2n } });
    await expect(read(revision + 999n)).rejects.toMatchObject({ code: status.OUT_OF_RANGE });
  });
});

describe('many resources', () => {
  const apply = (
    request: Parameters<typeof ApplyResourcesRequest.fromPartial>[0],
  ): Promise<ApplyResourcesResponse> =>
    unary((done) => clients.resources.applyResources(ApplyResourcesRequest.fromPartial(request), done));
  const naming = (id: string, set: string): Policy =>
    Policy.fromPartial({
      name: `policies/${id}`,
      namespaces: { include: ['ns1'] },
      rules: [
        {
          id: 'r',
          hook: Hook.HOOK_INPUT,
          action: Action.ACTION_DROP,
          match: { sourceSets: [`addressSets/${set}`] },
        },
      ],
    });

  it('are made and removed together, in the order that they need', async () => {
    const made = await apply({
      policies: [naming('together', 'together')],
      addressSets: [{ addressSet: { name: 'addressSets/together' }, add: ['::1', '10.0.0.0/8'] }],
    });
    expect(made).toMatchObject({
      addressSets: [{ memberCount: 2n }],
      policies: [{ revision: made.revision }],
    });
    await apply({
      addressSets: [{ addressSet: { name: 'addressSets/together' }, add: ['::3'], replace: true }],
    });
    expect(await membersOf('addressSets/together')).toEqual(['::3/128']);
    await apply({ deleteNames: ['addressSets/together', 'policies/together'] });
    await expect(membersOf('addressSets/together')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it.each<[string, Parameters<typeof ApplyResourcesRequest.fromPartial>[0], object]>([
    [
      'a set that a policy still names',
      { policies: [naming('user', 'never')], deleteNames: ['addressSets/never'] },
      { violations: [{ field: 'delete_names[0]' }] },
    ],
    [
      'a set that is not there',
      { policies: [naming('user', 'none')] },
      { code: status.FAILED_PRECONDITION, reason: { metadata: { addressSet: 'addressSets/none' } } },
    ],
    [
      'members that are wrong',
      { addressSets: [{ addressSet: { name: 'addressSets/bad' }, add: ['::1', 'x'], remove: ['y'] }] },
      { violations: [{ field: 'address_sets[1].add[1]' }, { field: 'address_sets[1].remove[0]' }] },
    ],
    [
      'a set without a name',
      { addressSets: [{}] },
      { violations: [{ field: 'address_sets[1].address_set' }] },
    ],
    [
      'what is replaced and removed',
      { addressSets: [{ addressSet: { name: 'addressSets/b' }, remove: ['::1'], replace: true }] },
      { violations: [{ field: 'address_sets[1].remove' }] },
    ],
    [
      'a stale etag',
      { addressSets: [{ addressSet: { name: 'addressSets/b', etag: 'old' } }] },
      { code: status.ABORTED },
    ],
    ['what cannot be deleted', { deleteNames: ['hosts/a'] }, { violations: [{ field: 'delete_names[0]' }] }],
  ])('are not made at all for %s', async (_what, request, expected) => {
    const addressSets = [{ addressSet: { name: 'addressSets/never' } }, ...(request.addressSets ?? [])];
    await expect(apply({ ...request, addressSets })).rejects.toMatchObject(expected);
    await expect(membersOf('addressSets/never')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('are only checked when that is asked for, the ones against the others', async () => {
    const checked = await apply({
      policies: [naming('checked', 'checked')],
      addressSets: [{ addressSet: { name: 'addressSets/checked' }, add: ['::1'] }],
      validateOnly: true,
    });
    expect(checked).toMatchObject({
      policies: [{ revision: 0n }],
      addressSets: [{ memberCount: 1n, etag: '' }],
    });
    await expect(membersOf('addressSets/checked')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('the command line', () => {
  const run = (...args: string[]): ReturnType<typeof nsgate> =>
    nsgate('--socket', controller.socket, ...args);
  const file = join(controller.folder, 'office.yaml');
  const text = (members: string, port = '22'): string => `kind: AddressSet
name: addressSets/cli
${members}
---
kind: Policy
name: policies/cli
namespaces: { include: [ns1] }
rules:
  - id: office
    hook: INPUT
    match: { sourceSets: [addressSets/cli], protocol: tcp, destinationPorts: [${port}] }
    action: ACCEPT
`;

  it('applies sets and the policies that name them as one, and shows what changes', async () => {
    writeFileSync(file, text('members: [192.0.2.0/24, "2001:db8::/32"]'));
    const checked = await run('apply', '-f', file, '--dry-run');
    expect(checked).toMatchObject({ status: 0, stdout: expect.stringContaining('with 2 members') as string });
    expect(await run('get', 'sets', 'cli')).toMatchObject({ status: 4 });
    expect(await run('apply', '-f', file, '--reason', 'first')).toMatchObject({ status: 0 });
    writeFileSync(file, text('members: [192.0.2.0/24, 198.51.100.7]'));
    const differs = await run('diff', '-f', file);
    expect(differs).toMatchObject({ status: 9 });
    expect(differs.stdout).toContain('+1 -1 members');
    expect(differs.stdout).toContain('+ 198.51.100.7/32');
    expect(await run('apply', '-f', file)).toMatchObject({ status: 0 });
    expect(await membersOf('addressSets/cli')).toEqual(['192.0.2.0/24', '198.51.100.7/32']);
  });

  it('leaves the members alone of which a file says nothing', async () => {
    writeFileSync(file, text('description: said'));
    expect(await run('apply', '-f', file)).toMatchObject({ status: 0 });
    expect(await membersOf('addressSets/cli')).toHaveLength(2);
  });

  it('tells everything that is wrong by its place, in the order of the file', async () => {
    writeFileSync(file, text('members: [10.0.0.0/33, "::1", 10.0.0.1/8]', '99999'));
    const { status: code, stderr } = await run('apply', '-f', file);
    expect(code).toBe(3);
    expect(
      stderr
        .trim()
        .split('\n')
        .map((line) => line.split(': ')[0]),
    ).toEqual([`${file}:3:11`, `${file}:3:31`, `${file}:11:79`]);
  });

  it('shows the versions of a set, and brings one back', async () => {
    const [newest, oldest] = await versions('addressSets/cli').then((all) => [all[0], all.at(-1)]);
    const history = await run('history', 'addressSets/cli');
    expect(history.stdout).toContain('first');
    expect((await run('diff', 'addressSets/cli', String(oldest?.revision))).stdout).toContain(
      '- 2001:db8::/32',
    );
    expect(await run('rollback', 'addressSets/cli', String(oldest?.revision))).toMatchObject({ status: 0 });
    expect(await membersOf('addressSets/cli')).toEqual(['192.0.2.0/24', '2001:db8::/32']);
    expect(newest?.revision).not.toBe(oldest?.revision);
    expect(await run('delete', 'addressSets/cli')).toMatchObject({ status: 5 });
  });

  it('keeps what was written in an editor when it cannot be stored', async () => {
    const edited = join(controller.folder, 'edited.sh');
    writeFileSync(edited, '#!/bin/sh\nsed -i s/ACTION_ACCEPT/ACTION_BURN/ "$1"\n', { mode: 0o755 });
    process.env.EDITOR = edited;
    const { status: code, stderr } = await run('edit', 'cli');
    delete process.env.EDITOR;
    expect(code).toBe(3);
    const [, kept = ''] = /what you wrote is kept in (.*)/.exec(stderr) ?? [];
    expect(execFileSync('cat', [kept], { encoding: 'utf8' })).toContain('ACTION_BURN');
  });

  it('gives scripts every number, also those that are 0', async () => {
    const { stdout } = await run('status', 'cli', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      policy: 'policies/cli',
      hosts: 0,
      enforced: '0',
      failed: '0',
    });
  });

  it('completes the names that the controller knows', async () => {
    const { stdout } = await nsgate('complete', '--', '--socket', controller.socket, 'set', 'add', 'cl');
    expect(stdout).toBe('cli\n');
  });
});
