/** The agent stream, and who may call what, of the real controller over mutual TLS. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, status, type ClientDuplexStream } from '@grpc/grpc-js';
import type { Policy } from '@nsgate/proto';
import {
  Action,
  AgentStreamServiceClient,
  clientCredentials,
  identityUri,
  Hook,
  ListHostsRequest,
  NamespaceState,
  RealizationState,
  StatsDimension,
  StatsReport,
  StreamStatsRequest,
  type ConnectRequest,
  type ConnectResponse,
  type Host,
  Hello,
  Rule,
  type Realization,
  type StreamStatsResponse,
  UpdatePolicyRequest,
  type TlsFiles,
} from '@nsgate/proto';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { buf, buildController, Clients, ControllerProcess, unary } from '../controller-process.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-agents-'));
const controller = new ControllerProcess();
let ca: LocalCa;
let server: TlsFiles;
let operator: TlsFiles;
let host: TlsFiles;
let clients: Clients;

const address = (): string => `127.0.0.1:${controller.port}`;

beforeAll(async () => {
  buildController();
  ca = await createLocalCa(join(folder, 'ca'));
  server = await ca.issue({
    name: 'controller',
    identity: { kind: 'controller', id: 'c' },
    ipAddresses: ['127.0.0.1'],
  });
  operator = await ca.issue({ name: 'operator', identity: { kind: 'operator', id: 'alice' } });
  host = await ca.issue({ name: 'h1', identity: { kind: 'host', id: 'h1' } });
  await controller.start(server);
  clients = new Clients(address(), clientCredentials(operator));
});

afterAll(async () => {
  clients.close();
  await controller.remove();
  rmSync(folder, { recursive: true });
});

const HELLO = Hello.fromPartial({
  hostId: 'h1',
  labels: { role: 'edge' },
  agentVersion: '0.1.0',
  moduleVersion: '0.1.0',
  kernelRelease: '6.1.0',
  bootId: 'boot',
});

type Said = NonNullable<ConnectResponse['message']>;

/** A bare stream, spoken by hand. */
class Stream {
  readonly #client: AgentStreamServiceClient;
  readonly #call: ClientDuplexStream<ConnectRequest, ConnectResponse>;
  readonly #said: Said[] = [];
  readonly ended: Promise<{ code: number; details: string }>;
  #wake: (() => void) | undefined;

  constructor(tls: TlsFiles) {
    this.#client = new AgentStreamServiceClient(address(), clientCredentials(tls));
    this.#call = this.#client.connect();
    this.#call.on('data', ({ message }: ConnectResponse) => {
      if (message !== undefined) this.#said.push(message);
      this.#wake?.();
    });
    this.ended = new Promise((resolve) => {
      this.#call.on('error', (error) => resolve(error as unknown as { code: number; details: string }));
      this.#call.on('status', resolve);
    });
  }

  say(message: NonNullable<ConnectRequest['message']>): this {
    this.#call.write({ message });
    return this;
  }

  /** The next message, which must be of the kind. */
  async hear<Case extends Said['$case']>($case: Case): Promise<Extract<Said, { $case: Case }>['value']> {
    while (this.#said.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const said = this.#said.shift();
    expect(said?.$case).toBe($case);
    return said?.value as never;
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }
}

const apply = (fields: Partial<Policy>): Promise<Policy> =>
  unary((done) =>
    clients.policies.updatePolicy(
      UpdatePolicyRequest.fromPartial({
        policy: { name: 'policies/web', namespaces: { include: ['ns1'] }, ...fields },
        allowMissing: true,
      }),
      done,
    ),
  );
const getHost = (): Promise<Host> => unary((done) => clients.fleet.getHost({ name: 'hosts/h1' }, done));
const realizations = (): Promise<Realization[]> =>
  unary<{ realizations: Realization[] }>((done) =>
    clients.fleet.listRealizations(
      {
        policy: '',
        host: '',
        state: RealizationState.REALIZATION_STATE_UNSPECIFIED,
        pageSize: 0,
        pageToken: '',
      },
      done,
    ),
  ).then((response) => response.realizations);

async function eventually(holds: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await holds();
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe('an agent', () => {
  it('goes through its whole life', async () => {
    const rules = [Rule.fromPartial({ id: 'r', hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP })];
    const policy = await apply({ rules });

    // It connects, is sent what it lacks, and takes it.
    const stream = new Stream(host).say({ $case: 'hello', value: HELLO });
    await stream.hear('welcome');
    const upsert = await stream.hear('upsert');
    expect(upsert.policy).toMatchObject({ name: 'policies/web', uid: policy.uid, revision: policy.revision });
    expect(await stream.hear('inSync')).toEqual({ revision: policy.revision });
    expect(await getHost()).toMatchObject({
      connected: true,
      labels: { role: 'edge' },
      acknowledgedRevision: 0n,
    });
    stream.say({ $case: 'ack', value: { nonce: upsert.nonce } });
    await eventually(async () => expect((await getHost()).acknowledgedRevision).toBe(policy.revision));

    // It reports what it has made of it.
    const namespace = {
      name: 'ns1',
      inode: 4026532000,
      birthId: 7n,
      netCookie: 9n,
      state: NamespaceState.NAMESPACE_STATE_READY,
      rulesetDigest: 'ab',
      detail: '',
      initial: false,
    };
    const realization: Realization = {
      policy: 'policies/web',
      host: '',
      namespace: 'ns1',
      state: RealizationState.REALIZATION_STATE_ENFORCED,
      rulesetDigest: 'ab',
      reason: '',
      policyRevision: policy.revision,
    };
    stream.say({ $case: 'namespaces', value: { snapshot: true, namespaces: [namespace], removed: [] } });
    stream.say({ $case: 'realizations', value: { snapshot: true, realizations: [realization] } });
    await eventually(async () =>
      expect(await realizations()).toEqual([{ ...realization, host: 'hosts/h1' }]),
    );
    const listed = await unary((done) =>
      clients.fleet.listNamespaces({ parent: 'hosts/h1', pageSize: 0, pageToken: '' }, done),
    );
    expect(listed).toEqual({ namespaces: [namespace], nextPageToken: '' });

    // It counts, and whoever watches sees it, and makes it report more often.
    const watching = clients.stats.streamStats(
      StreamStatsRequest.fromPartial({
        groupBy: [StatsDimension.STATS_DIMENSION_HOST, StatsDimension.STATS_DIMENSION_RULE],
        interval: { seconds: 0n, nanos: 100_000_000 },
      }),
    );
    watching.on('error', () => undefined);
    const seen: StreamStatsResponse[] = [];
    watching.on('data', (message: StreamStatsResponse) => seen.push(message));
    expect(await stream.hear('settings')).toEqual({ statsInterval: { seconds: 1n, nanos: 0 } });
    const key = upsert.policy?.rules[0]?.key ?? 0n;
    const columns = { namespace: 'ns1', epoch: 5n, ruleKeys: [key], shadowPackets: [0n] };
    const count = (packets: bigint): void => {
      const bindings = [{ ...columns, packets: [packets], bytes: [packets * 100n] }];
      stream.say({ $case: 'stats', value: StatsReport.fromPartial({ bindings }) });
    };
    count(3n);
    count(3n);
    count(8n);
    await eventually(async () => {
      expect(seen.at(-1)?.groups).toMatchObject([
        {
          host: 'hosts/h1',
          namespace: '',
          policy: 'policies/web',
          ruleId: 'r',
          counters: { packets: 8n, bytes: 800n, shadowPackets: 0n },
        },
      ]);
      return Promise.resolve();
    });
    watching.cancel();
    expect(await stream.hear('settings')).toEqual({ statsInterval: { seconds: 15n, nanos: 0 } });

    // It refuses a change: operators see it, and it is not sent again.
    const changed = await apply({ rules, priority: 5 });
    const refused = await stream.hear('upsert');
    stream.say({
      $case: 'nack',
      value: { nonce: refused.nonce, name: 'policies/web', reason: 'too steep', passing: false },
    });
    await eventually(async () => {
      expect(await realizations()).toContainEqual({
        policy: 'policies/web',
        host: 'hosts/h1',
        namespace: '',
        state: RealizationState.REALIZATION_STATE_FAILED,
        rulesetDigest: '',
        reason: 'too steep',
        policyRevision: changed.revision,
      });
    });
    stream.close();
    await eventually(async () => expect((await getHost()).connected).toBe(false));

    // The controller restarts: the host is still known, and is sent only what differs.
    await controller.stop();
    await controller.start(server);
    clients.close();
    clients = new Clients(address(), clientCredentials(operator));
    expect(await getHost()).toMatchObject({
      connected: false,
      kernelRelease: '6.1.0',
      acknowledgedRevision: policy.revision,
    });
    const held = [
      { name: 'policies/web', digest: refused.policy?.digest ?? '', revision: changed.revision },
      { name: 'policies/old', digest: 'x', revision: 1n },
    ];
    const back = new Stream(host).say({ $case: 'hello', value: { ...HELLO, held } });
    await back.hear('welcome');
    expect(await back.hear('remove')).toMatchObject({ name: 'policies/old' });
    await back.hear('inSync');
    back.close();
  });

  it.each<[string, NonNullable<ConnectRequest['message']>, number, string]>([
    ['does not greet first', { $case: 'ack', value: { nonce: 1n } }, status.INVALID_ARGUMENT, 'hello'],
    [
      'has no id',
      { $case: 'hello', value: { ...HELLO, hostId: '' } },
      status.INVALID_ARGUMENT,
      'hello.host_id',
    ],
    [
      'has malformed labels',
      { $case: 'hello', value: { ...HELLO, labels: { 'a b': '' } } },
      status.INVALID_ARGUMENT,
      'hello.labels',
    ],
    [
      'says that it is another',
      { $case: 'hello', value: { ...HELLO, hostId: 'h2' } },
      status.PERMISSION_DENIED,
      '"h1"',
    ],
  ])('is turned away when it %s', async (_what, message, code, text) => {
    const stream = new Stream(host).say(message);
    const ended = await stream.ended;
    expect(ended).toMatchObject({ code, details: expect.stringContaining(text) as string });
    stream.close();
  });

  it('may greet but once', async () => {
    const stream = new Stream(host)
      .say({ $case: 'hello', value: HELLO })
      .say({ $case: 'hello', value: HELLO });
    expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    stream.close();
  });

  it('is replaced by its own second stream', async () => {
    const first = new Stream(host).say({ $case: 'hello', value: HELLO });
    await first.hear('welcome');
    const second = new Stream(host).say({ $case: 'hello', value: HELLO });
    await second.hear('welcome');
    expect(await first.ended).toMatchObject({ code: status.ABORTED });
    expect(await getHost()).toMatchObject({ connected: true });
    first.close();
    second.close();
  });
});

describe('over TCP', () => {
  const asked = (tls: TlsFiles): Promise<unknown> => {
    const own = new Clients(address(), clientCredentials(tls));
    return unary((done) => own.fleet.listHosts(ListHostsRequest.create(), done)).finally(() => own.close());
  };

  it('an operator may not speak for a host, nor a host for an operator', async () => {
    const stream = new Stream(operator);
    expect(await stream.ended).toMatchObject({ code: status.PERMISSION_DENIED });
    stream.close();
    await expect(asked(host)).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    await expect(asked(server)).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it('nobody gets in without a certificate of our CA', async () => {
    const other = await createLocalCa(join(folder, 'other'));
    const { cert, key } = await other.issue({
      name: 'operator',
      identity: { kind: 'operator', id: 'mallory' },
    });
    await expect(asked({ ca: operator.ca, cert, key })).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    const plain = new Clients(address(), credentials.createInsecure());
    const deadline = { deadline: Date.now() + 3000 };
    await expect(
      new Promise((resolve, reject) => {
        plain.fleet.listHosts(ListHostsRequest.create(), deadline as never, (error) =>
          error ? reject(error) : resolve(undefined),
        );
      }),
    ).rejects.toBeDefined();
    plain.close();
  });

  it('an operator reaches everything with buf curl and the three certificate flags', () => {
    const flags = ['--cacert', operator.ca, '--cert', operator.cert, '--key', operator.key];
    const answer = buf(
      'curl',
      '--protocol',
      'grpc',
      ...flags,
      `https://${address()}/nsgate.v1.FleetService/ListHosts`,
    );
    expect(JSON.parse(answer)).toMatchObject({ hosts: [{ name: 'hosts/h1' }] });
    expect(identityUri({ kind: 'operator', id: 'alice' })).toContain('/operator/alice');
  });
});
