import { credentials, status } from '@grpc/grpc-js';
import { Backoff, RpcError, type ConnectResponse } from '@nsgate/proto';
import pino from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change, Outcome } from '../desired-state/intake';
import { policyMessage } from '../desired-state/policy.testing';
import type { HostEvent } from '../host-events/host-events';
import type { Reality } from '../reconcile/reality';
import type { BindingSample } from '../stats/stats-reader';
import { ControllerClient, type Keepalive } from './controller-client';
import { HalfOpenProxy } from './half-open-proxy.testing';
import type { AgentFacade, Introduction } from './session';
import { TestController, welcome, type Stream } from './test-controller.testing';

const HELLO: Introduction = {
  hostId: 'h1',
  labels: { role: 'test' },
  agentVersion: '1',
  moduleVersion: '',
  kernelRelease: '6.1',
  bootId: 'b',
  held: [{ name: 'policies/a', digest: 'd', revision: 1n }],
  heldSets: [],
};

const REALITY: Reality = {
  namespaces: new Map([['ns1', { entry: { state: 'ready', name: 'ns1', inode: 10 }, kernel: undefined }]]),
  realizations: new Map([
    ['a ns1', { policy: 'policies/a', namespace: 'ns1', revision: 1n, standing: { state: 'pending' } }],
  ]),
};

const NO_EVENTS: ReturnType<AgentFacade['takeEvents']> = { events: [], lost: 0 };

// Waits are for events, and end when these come; a busy machine may take its time.
jest.setTimeout(30_000);

describe('the stream to a controller', () => {
  let controller: TestController;
  let client: ControllerClient;
  let port: number;
  let reality: Reality;
  let submitted: Change[];
  let answer: (change: Change) => Promise<Outcome>;
  let samples: BindingSample[];
  let statsFromStart: number;
  let events: HostEvent[];
  let explain: AgentFacade['explain'];
  let verdicts: string[];

  beforeEach(async () => {
    controller = new TestController();
    port = await controller.start();
    reality = REALITY;
    submitted = [];
    answer = () => Promise.resolve(undefined);
    samples = [];
    statsFromStart = 0;
    events = [];
    verdicts = [];
    explain = () => {
      throw new Error('nothing to explain');
    };
    client = makeClient([`127.0.0.1:${port}`]);
  });

  afterEach(async () => {
    await client.stop();
    controller.stop();
  });

  function makeClient(addresses: string[], keepalive?: Keepalive): ControllerClient {
    return new ControllerClient({
      ...(keepalive === undefined ? {} : { keepalive }),
      addresses,
      credentials: () => credentials.createInsecure(),
      introduce: () => HELLO,
      agent: {
        submit: (change) => {
          submitted.push(change);
          return answer(change);
        },
        reality: () => reality,
        readStats: () => ({ bindings: samples, kernel: undefined, lostBindings: 0 }),
        takePackets: () => ({ packets: [], lost: 0n }),
        startStatsOver: () => (statsFromStart += 1),
        takeEvents: () =>
          events.splice(0).reduce((all, one) => ({ ...all, events: [...all.events, one] }), NO_EVENTS),
        explain,
      },
      onVerdict: (verdict) => verdicts.push(verdict),
      log: pino({ level: 'silent' }),
      backoff: new Backoff({ initialMs: 5, maxMs: 20 }),
      welcomeTimeoutMs: 300,
    });
  }

  async function connected(): Promise<void> {
    client.start();
    await until(() => controller.all('realizations').length === 1);
  }

  it('opens with Hello, and after Welcome reports everything as it stands', async () => {
    await connected();
    expect(controller.heard[0]).toEqual({ $case: 'hello', value: HELLO });
    expect(controller.all('namespaces')).toMatchObject([{ snapshot: true, namespaces: [{ name: 'ns1' }] }]);
    expect(controller.all('realizations')).toMatchObject([
      { snapshot: true, realizations: [{ policy: 'policies/a', namespace: 'ns1', policyRevision: 1n }] },
    ]);
    expect(statsFromStart).toBe(1);
  });

  it('reports afterwards what has changed, and only that', async () => {
    await connected();
    client.report();
    reality = { ...REALITY, realizations: new Map() };
    client.report();
    await until(() => controller.all('realizations').length === 2);
    expect(controller.all('realizations')[1]).toMatchObject({
      snapshot: false,
      realizations: [{ state: 1 }],
    });
    expect(controller.all('namespaces')).toHaveLength(1);
  });

  it('acknowledges a policy once it is taken', async () => {
    let take: (outcome: Outcome) => void = () => undefined;
    answer = () => new Promise((resolve) => (take = resolve));
    await connected();
    controller.say({ $case: 'upsert', value: { nonce: 7n, policy: policyMessage() } });
    await until(() => submitted.length === 1);
    expect(controller.all('ack')).toEqual([]);
    take(undefined);
    await until(() => controller.all('ack').length === 1);
    expect(controller.all('ack')).toEqual([{ nonce: 7n }]);
  });

  it.each([
    ['for good', false],
    ['for now', true],
  ])('refuses a policy with the reason when the host will not have it %s', async (_how, passing) => {
    answer = () => Promise.resolve({ reason: 'the kernel says no', passing });
    await connected();
    controller.say({ $case: 'upsert', value: { nonce: 8n, policy: policyMessage() } });
    await until(() => controller.all('nack').length === 1);
    expect(controller.all('nack')).toEqual([
      { nonce: 8n, name: 'policies/a', reason: 'the kernel says no', passing },
    ]);
  });

  it('refuses a policy that is not valid without showing it to anybody', async () => {
    await connected();
    controller.say({ $case: 'upsert', value: { nonce: 9n, policy: policyMessage({ priority: 60_000 }) } });
    controller.say({ $case: 'upsert', value: { nonce: 10n, policy: undefined } });
    await until(() => controller.all('nack').length === 2);
    expect(controller.all('nack').map(({ reason }) => reason)).toEqual([
      'priority 60000 is not within -1000 to 51000',
      'the message carries no policy',
    ]);
    expect(submitted).toEqual([]);
  });

  it('hands on removals and the in-sync mark in their order', async () => {
    await connected();
    controller.say({ $case: 'remove', value: { nonce: 1n, name: 'policies/a' } });
    controller.say({ $case: 'inSync', value: { revision: 3n } });
    await until(() => submitted.length === 2);
    expect(submitted).toEqual([{ kind: 'release', name: 'policies/a' }, { kind: 'complete' }]);
    await until(() => controller.all('ack').length === 1);
  });

  it('answers every one of very many policies, though it takes them slowly', async () => {
    answer = async () => {
      await sleep(1);
      return undefined;
    };
    await connected();
    for (let nonce = 1n; nonce <= 600n; nonce++) {
      controller.say({ $case: 'upsert', value: { nonce, policy: policyMessage() } });
    }
    await until(() => controller.all('ack').length === 600);
  });

  it('reports at once what was counted before, and says that it was', async () => {
    await connected();
    await until(() => controller.all('stats').length === 1);
    expect(controller.all('stats')).toMatchObject([{ bindings: [], whole: true, health: {} }]);
  });

  it('reports counters at the interval that the controller sets', async () => {
    samples = [
      {
        namespace: 'ns1',
        epoch: 1n,
        rules: [{ id: 5n, packets: 2n, bytes: 168n, shadowPackets: 0n, lastHit: 0n, idleMs: 0n }],
        hooks: [],
      },
    ];
    await connected();
    controller.say({ $case: 'settings', value: { statsInterval: { seconds: 0n, nanos: 1 } } });
    await until(() => controller.all('stats').length >= 3);
    expect(controller.all('stats')[1]).toMatchObject({ bindings: [{ namespace: 'ns1', packets: [2n] }] });
  });

  it('reports though the controller sets another interval before the last has passed, again and again', async () => {
    const rule = { id: 5n, packets: 2n, bytes: 168n, shadowPackets: 0n, lastHit: 0n, idleMs: 0n };
    samples = [{ namespace: 'ns1', epoch: 1n, rules: [rule], hooks: [] }];
    await connected();
    const looks = setInterval(() => {
      for (const seconds of [0n, 15n])
        controller.say({ $case: 'settings', value: { statsInterval: { seconds, nanos: 1 } } });
    }, 20);
    await until(() => controller.all('stats').length >= 3).finally(() => clearInterval(looks));
  });

  it('sends the last counters when it is closed in good order', async () => {
    await connected();
    samples = [
      {
        namespace: 'ns1',
        epoch: 1n,
        rules: [{ id: 5n, packets: 9n, bytes: 756n, shadowPackets: 0n, lastHit: 0n, idleMs: 0n }],
        hooks: [],
      },
    ];
    await client.stop();
    expect(controller.all('stats').at(-1)).toMatchObject({ bindings: [{ packets: [9n] }], whole: false });
  });

  it('comes back after the controller was away, and reports everything anew', async () => {
    await connected();
    controller.stop();
    await sleep(30);
    await controller.start(port);
    await until(() => controller.all('realizations').length === 2);
    expect(controller.all('realizations')[1]?.snapshot).toBe(true);
    expect(statsFromStart).toBe(2);
  });

  it('moves to another controller when one is gone', async () => {
    const other = new TestController();
    const otherPort = await other.start();
    client = makeClient([`127.0.0.1:${port}`, `127.0.0.1:${otherPort}`]);
    await connected();
    controller.stop();
    await until(() => other.all('realizations').length === 1);
    await client.stop();
    other.stop();
  });

  it('is found to be half open, and made anew', async () => {
    const proxy = new HalfOpenProxy(port);
    client = makeClient([`127.0.0.1:${await proxy.start()}`], { timeMs: 200, timeoutMs: 200 });
    await connected();
    proxy.fallSilent();
    await until(() => controller.all('realizations').length === 2);
    expect(controller.all('realizations')[1]?.snapshot).toBe(true);
    await client.stop();
    proxy.stop();
  });

  it.each<[string, (stream: Stream) => void]>([
    ['says nothing', () => undefined],
    ['sends a policy before Welcome', (stream) => stream.write(upsert())],
    ['welcomes twice', welcomeTwice],
    ['sends garbage', (stream) => stream.write(Buffer.from('ffffffffff', 'hex') as never)],
    [
      'ends the stream with an error',
      (stream) => stream.emit('error', { code: status.ABORTED, details: 'replaced' }),
    ],
    ['ends the stream at once', (stream) => stream.end()],
  ])('is dropped and tried again when a controller %s', async (_case, misbehave) => {
    controller.onHello = misbehave;
    client.start();
    await until(() => controller.streams.length >= 3);
    expect(submitted).toEqual([]);
    controller.onHello = welcome;
    await until(() => controller.all('realizations').some(({ snapshot }) => snapshot));
  });

  it('tells when the host is let in, and when it is kept out because it was revoked', async () => {
    await connected();
    controller.say({ $case: 'inSync', value: { revision: 3n } });
    await until(() => verdicts.length === 1);
    const reason = { reason: 'HOST_REVOKED', metadata: {} };
    const revoked = new RpcError(status.PERMISSION_DENIED, 'revoked', { reason });
    controller.streams[0]?.emit('error', revoked.toServiceError());
    await until(() => verdicts.length === 2);
    expect(verdicts).toEqual(['accepted', 'revoked']);
  });

  it('ignores a message of a kind that it does not know', async () => {
    await connected();
    controller.streams[0]?.write({ message: undefined });
    controller.say({ $case: 'inSync', value: { revision: 1n } });
    await until(() => submitted.length === 1);
    expect(controller.streams).toHaveLength(1);
  });
});

function welcomeTwice(stream: Stream): void {
  welcome(stream);
  welcome(stream);
}

function upsert(): ConnectResponse {
  return { message: { $case: 'upsert', value: { nonce: 1n, policy: policyMessage() } } };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 4000 && !holds(); i++) await sleep(5);
  expect(holds()).toBe(true);
}
