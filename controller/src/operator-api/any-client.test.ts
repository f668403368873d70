/** What any client of the real controller meets, over its Unix socket. */
import { status } from '@grpc/grpc-js';
import { ListHostsRequest, PolicyServiceService, StatsDimension, StreamStatsRequest } from '@nsgate/proto';
import { buf, buildController, ControllerProcess, unary, type Clients } from '../controller-process.testing';

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

const curl = (path: string, data = '{}', ...flags: string[]): unknown => {
  const socket = ['--protocol', 'grpc', '--unix-socket', controller.socket, '--http2-prior-knowledge'];
  return JSON.parse(buf('curl', ...socket, ...flags, '-d', data, `http://localhost/${path}`));
};

describe('StreamStats', () => {
  it('begins with a snapshot', async () => {
    const call = clients.stats.streamStats(StreamStatsRequest.create());
    call.on('error', () => undefined);
    const first = await new Promise((resolve) => call.once('data', resolve));
    call.cancel();
    expect(first).toMatchObject({
      snapshot: true,
      groups: [{ counters: { packets: 0n, bytes: 0n, shadowPackets: 0n } }],
    });
  });

  it('refuses what it cannot do, field by field', async () => {
    const request = StreamStatsRequest.fromPartial({
      filter: { hosts: ['x'], policies: ['y'] },
      groupBy: [
        StatsDimension.STATS_DIMENSION_HOST,
        StatsDimension.STATS_DIMENSION_HOST,
        StatsDimension.STATS_DIMENSION_UNSPECIFIED,
      ],
      interval: { seconds: 0n, nanos: 99_000_000 },
    });
    const call = clients.stats.streamStats(request);
    const error = await new Promise((resolve) => call.on('error', resolve).resume());
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect((error as Error).message).toContain('filter.hosts[0]');
  });
});

describe('the fleet', () => {
  it('is empty, and says so in the right way', async () => {
    expect(await unary((done) => clients.fleet.listHosts(ListHostsRequest.create(), done))).toEqual({
      hosts: [],
      nextPageToken: '',
    });
    await expect(unary((done) => clients.fleet.getHost({ name: 'hosts/none' }, done))).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
    await expect(unary((done) => clients.fleet.getHost({ name: 'none' }, done))).rejects.toMatchObject({
      violations: [{ field: 'name' }],
    });
    const namespaces = unary((done) =>
      clients.fleet.listNamespaces({ parent: 'hosts/none', pageSize: 0, pageToken: '' }, done),
    );
    await expect(namespaces).rejects.toMatchObject({ code: status.NOT_FOUND });
    const bad = { policy: 'x', host: 'y', state: 99, pageSize: 0, pageToken: '' };
    await expect(unary((done) => clients.fleet.listRealizations(bad as never, done))).rejects.toMatchObject({
      violations: [{ field: 'policy' }, { field: 'host' }, { field: 'state' }],
    });
  });
});

describe('any client', () => {
  it('is told INVALID_ARGUMENT for bytes that are no message, and never INTERNAL', async () => {
    const { path } = PolicyServiceService.getPolicy;
    for (const bytes of ['ff', '0a05', '0affffffff0f', '08', '0a02c3']) {
      const call = unary((done) =>
        clients.policies.makeUnaryRequest(
          path,
          () => Buffer.from(bytes, 'hex'),
          (answer: Buffer) => answer,
          {},
          done as never,
        ),
      );
      await expect(call).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });

  it('finds services, health and documentation by reflection, with buf curl', () => {
    const made = curl(
      'nsgate.v1.PolicyService/CreatePolicy',
      '{"policy_id":"by-curl","policy":{"namespaces":{"include":["*"]}}}',
    );
    expect(made).toMatchObject({ name: 'policies/by-curl', namespaces: { include: ['*'] } });
    for (const reflection of ['grpc-v1', 'grpc-v1alpha']) {
      const flags = ['--reflect', '--reflect-protocol', reflection];
      expect(curl('grpc.health.v1.Health/Check', '{"service":"nsgate.v1.PolicyService"}', ...flags)).toEqual({
        status: 'SERVING',
      });
    }
  });

  it('sees in buf curl which fields are wrong', () => {
    expect(() => curl('nsgate.v1.PolicyService/CreatePolicy', '{"policy":{"name":"nonsense"}}')).toThrow(
      /"type": "google.rpc.BadRequest"/,
    );
  });
});
