/** Whatever a controller says, or whoever stands where one is expected: the agent takes nothing of it, goes on, and finds a good one again. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { Backoff, ConnectResponse, Hook, type AddressSetUpsert } from '@nsgate/proto';
import fc from 'fast-check';
import pino from 'pino';
import type { Change } from '../desired-state/intake';
import { policyMessage } from '../desired-state/policy.testing';
import { ControllerClient } from './controller-client';
import { TestController, welcome } from './test-controller.testing';

// Waits are for events, and end when these come; a busy machine may take its time.
jest.setTimeout(60_000);

const INTRODUCTION = {
  ...{ hostId: 'h1', labels: {}, agentVersion: '1', moduleVersion: '', kernelRelease: '6.1', bootId: 'b' },
  ...{ held: [], heldSets: [] },
};

let submitted: Change[];
let client: ControllerClient;

beforeEach(() => (submitted = []));
afterEach(() => client.stop());

function startClient(port: number): void {
  client = new ControllerClient({
    addresses: [`127.0.0.1:${port}`],
    credentials: () => credentials.createInsecure(),
    introduce: () => INTRODUCTION,
    agent: {
      submit: (change) => {
        submitted.push(change);
        return Promise.resolve(undefined);
      },
      reality: () => ({ realizations: new Map(), namespaces: new Map() }),
      readStats: () => ({ bindings: [], kernel: undefined, lostBindings: 0 }),
      startStatsOver: () => undefined,
      takeEvents: () => ({ events: [], lost: 0 }),
      takePackets: () => ({ packets: [], lost: 0n }),
      explain: () => {
        throw new RangeError('not in this test');
      },
    },
    log: pino({ level: 'silent' }),
    backoff: new Backoff({ initialMs: 5, maxMs: 20 }),
    welcomeTimeoutMs: 300,
  });
  client.start();
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 6000 && !holds(); i++) await sleep(5);
  expect(holds()).toBe(true);
}

describe('who speaks no gRPC where a controller is expected', () => {
  const open = new Set<Socket>();
  let server: Server;
  let calls: number;

  async function listen(answer: (socket: Socket) => void): Promise<number> {
    calls = 0;
    server = createServer((socket) => {
      calls += 1;
      open.add(socket);
      socket.on('error', () => undefined);
      answer(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it.each<[string, (socket: Socket) => void]>([
    ['sends noise', (socket) => socket.write(Buffer.alloc(4096, 0xa5))],
    ['speaks another protocol', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')],
    ['takes the connection and says nothing', () => undefined],
    ['closes each connection at once', (socket) => socket.end()],
  ])('and %s is given up each time, until a controller is there', async (_case, answer) => {
    const port = await listen(answer);
    startClient(port);
    await until(() => calls >= 3);
    expect(client.status.synced).toBeUndefined();
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');

    const controller = new TestController();
    await controller.start(port);
    await until(() => controller.all('hello').length > 0);
    controller.say({ $case: 'inSync', value: { revision: 1n } });
    await until(() => client.status.synced?.revision === 1n);
    expect(submitted).toEqual([{ kind: 'complete' }]);
    await client.stop();
    controller.stop();
  });
});

describe('messages that are nearly right', () => {
  const set: AddressSetUpsert = {
    ...{ nonce: 2n, name: 'addressSets/a', uid: 'u', revision: 1n, part: 0, parts: 1 },
    ...{ members4: Buffer.from([10, 0, 0, 0, 8]), members6: Buffer.alloc(0) },
  };
  const GOOD = [
    { $case: 'upsert', value: { nonce: 1n, policy: policyMessage() } },
    { $case: 'remove', value: { nonce: 3n, name: 'policies/a' } },
    { $case: 'setUpsert', value: set },
    { $case: 'setRemove', value: { nonce: 4n, name: 'addressSets/a' } },
    { $case: 'settings', value: { statsInterval: { seconds: 1n, nanos: 0 } } },
    { $case: 'explain', value: { id: 1n, namespace: 'ns1', hook: Hook.HOOK_INPUT } },
    { $case: 'inSync', value: { revision: 2n } },
  ].map((message) =>
    Buffer.from(ConnectResponse.encode(ConnectResponse.fromPartial({ message } as never)).finish()),
  );

  const altered = fc
    .tuple(
      fc.constantFrom(...GOOD),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
    )
    .map(([bytes, changes]) => {
      const copy = Buffer.from(bytes);
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return copy;
    });

  it('are answered, or end the stream, and never the agent', async () => {
    const controller = new TestController();
    startClient(await controller.start());
    await fc.assert(
      fc.asyncProperty(fc.array(altered, { minLength: 1, maxLength: 20 }), async (messages) => {
        const before = controller.streams.length;
        await until(() => client.status.state !== 'away' && client.status.state !== 'connecting');
        for (const bytes of messages) controller.streams.at(-1)?.write(bytes as never);
        await sleep(5);
        expect(controller.streams.length).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: 100 },
    );
    controller.onHello = (stream) => {
      welcome(stream);
      stream.write({ message: { $case: 'inSync', value: { revision: 77n } } });
    };
    client.reconnect();
    await until(() => client.status.synced?.revision === 77n);
    await client.stop();
    controller.stop();
  });
});
