/** The web server over real services, asked as browsers and others may ask. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { IncomingMessage } from 'node:http';
import type { DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { status as codes } from '@grpc/grpc-js';
import { PacketSample, RpcError, type StreamPacketsResponse } from '@nsgate/proto';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { settle } from '../agent-stream/bench.testing';
import { buildDescriptions } from '../controller-process.testing';
import { builtDescriptorPaths } from '../rpc/reflection';
import { readApiDescription } from './method-codec';
import { READ_METHODS } from './read-methods';
import { builtPagesFolder } from './static-files';
import { WebBench } from './web-bench.testing';

// Certificates are made slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-web-'));
let ca: LocalCa;
let web: WebBench;
let cookie: string;

buildDescriptions();
const DESCRIBED = [...readApiDescription(builtDescriptorPaths()[0])].flatMap((one) =>
  one.kind === 'service' ? one.methods : [],
);
const pathOf = ({ parent, name }: DescMethod): string => `${parent.name}/${name}`;
const ALL_METHODS = DESCRIBED.map(pathOf);
const CHANGING_NOTHING = DESCRIBED.filter(
  ({ idempotency }) => idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
).map(pathOf);

beforeAll(async () => {
  execFileSync(process.execPath, [join(__dirname, '../../build-web.mjs')]);
  ca = await createLocalCa(join(folder, 'ca'));
});
beforeEach(async () => {
  const identity = { kind: 'controller', id: 'c' } as const;
  web = await new WebBench().start(await ca.issue({ name: 'c', identity, ipAddresses: ['127.0.0.1'] }));
  cookie = await web.logIn();
});
afterEach(() => web.end());
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads events until one passes, and gives all that have come. */
async function eventsUntil(answer: IncomingMessage, enough: (all: string) => boolean): Promise<string> {
  let text = '';
  for await (const chunk of answer) {
    text += String(chunk);
    if (enough(text)) break;
  }
  return text;
}

describe('what can be called', () => {
  it.each(ALL_METHODS)('of all methods: %s', async (path) => {
    const answer = await web.open(`/api/v1/${path}`, { cookie });
    answer.destroy();
    // Other answers to an empty request are the service's own.
    const isOpen = answer.statusCode !== 404;
    expect(isOpen).toBe(READ_METHODS.has(path));
  });

  it('is of this API, and has no side effects by its description', () => {
    expect([...READ_METHODS.keys()].filter((path) => !CHANGING_NOTHING.includes(path))).toEqual([]);
  });

  it('says of every other method that it is not there, and changes nothing', async () => {
    await web.bench.write('kept');
    for (const method of ['PolicyService/DeletePolicy', 'Nothing/AtAll', 'PolicyService', '']) {
      expect(await web.call(method, { name: 'policies/kept' }, { cookie })).toMatchObject({
        status: 404,
        json: { error: { code: 'NOT_FOUND' } },
      });
    }
    expect(await web.bench.store.get('policies/kept')).toBeDefined();
  });

  it('is called by GET alone', async () => {
    const { status } = await web.ask('/api/v1/PolicyService/ListPolicies', { cookie, method: 'POST' });
    expect(status).toBe(405);
  });
});

describe('an answer', () => {
  it("is the service's own, in protobuf's JSON form, and is kept by nobody", async () => {
    await web.bench.write('p', { priority: 7 });
    const answer = await web.ask('/api/v1/PolicyService/ListPolicies', { cookie });
    expect(JSON.parse(answer.body)).toMatchObject({
      policies: [{ name: 'policies/p', priority: 7, revision: '1', tier: 'TIER_DEFAULT' }],
      revision: '1',
    });
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
  });

  it('that is long is packed for who takes that', async () => {
    for (let i = 0; i < 20; i++) await web.bench.write(`policy-${i}`);
    const answer = await web.open('/api/v1/PolicyService/ListPolicies', {
      cookie,
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(answer.headers).toMatchObject({ 'content-encoding': 'gzip', 'cache-control': 'no-store' });
    let text = '';
    for await (const chunk of answer.pipe(createGunzip())) text += String(chunk);
    const plain = await web.ask('/api/v1/PolicyService/ListPolicies', { cookie });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(text).toBe(plain.body);
  });

  it.each([
    ['what the service finds wrong', { name: 'nonsense' }, [{ field: 'name' }]],
    ['an unknown field', { nam: 'policies/p' }, []],
    ['a value of another kind', { name: 5 }, []],
  ])('to %s is 400 with the fields', async (_what, message, violations) => {
    expect(await web.call('PolicyService/GetPolicy', message, { cookie })).toMatchObject({
      status: 400,
      json: { error: { code: 'INVALID_ARGUMENT', violations } },
    });
  });

  it.each(['?request=%5B%5D', '?request=nonsense', '?request=null'])('to %s is 400', async (query) => {
    const { status } = await web.ask(`/api/v1/PolicyService/ListPolicies${query}`, { cookie });
    expect(status).toBe(400);
  });

  it('says NOT_FOUND, and takes canonical durations', async () => {
    const missing = await web.call('PolicyService/GetPolicy', { name: 'policies/none' }, { cookie });
    expect(missing).toMatchObject({ status: 404, json: { error: { code: 'NOT_FOUND' } } });
    const explain = {
      host: 'hosts/h1',
      namespace: 'n',
      hook: 'HOOK_INPUT',
      source: '192.0.2.1',
      destination: '192.0.2.2',
      protocol: 'tcp',
      timeout: '1.5s',
    };
    expect(await web.call('FleetService/Explain', explain, { cookie })).toMatchObject({ status: 404 });
  });
});

describe('a stream', () => {
  const watch = (headers: Record<string, string> = {}): Promise<IncomingMessage> =>
    web.open('/api/v1/PolicyService/WatchPolicies', { cookie, headers });

  it('sends a snapshot without ids, then each change with the revision as its id', async () => {
    await web.bench.write('before');
    const answer = await watch();
    expect(answer.headers['content-type']).toBe('text/event-stream');
    let written = false;
    const text = await eventsUntil(answer, (all) => {
      if (all.includes('inSync') && !written) {
        written = true;
        void web.bench.write('after');
      }
      return all.includes('policies/after');
    });
    expect(text).toContain('event: open\ndata: {"resumed":false}');
    expect(text).toMatch(/\n\ndata: {"policy":{"name":"policies\/before"/);
    expect(text).toMatch(/\n\nid: 2\ndata: {"policy":{"name":"policies\/after"/);
  });

  it('goes on after the Last-Event-ID, with nothing lost and nothing twice', async () => {
    for (const id of ['a', 'b', 'c']) await web.bench.write(id);
    const text = await eventsUntil(await watch({ 'last-event-id': '1' }), (all) => all.includes('inSync'));
    expect(text).toContain('event: open\ndata: {"resumed":true}');
    expect(text.match(/"name":"policies\/./g)).toEqual(['"name":"policies/b', '"name":"policies/c']);
  });

  it('begins anew, and says so, where the place is not held', async () => {
    await web.bench.write('a');
    jest.spyOn(web.bench.store, 'watch').mockImplementationOnce(() => {
      throw new RpcError(codes.OUT_OF_RANGE, 'changes after revision 1 are not held');
    });
    const text = await eventsUntil(await watch({ 'last-event-id': '1' }), (all) => all.includes('inSync'));
    expect(text.match(/event: open\ndata: .*/g)?.at(-1)).toBe('event: open\ndata: {"resumed":false}');
    expect(text).toContain('policies/a');
  });

  it('that is refused says why, as an answer does', async () => {
    const query = encodeURIComponent(JSON.stringify({ interval: '0.001s' }));
    const { body } = await web.ask(`/api/v1/StatsService/StreamStats?request=${query}`, { cookie });
    expect(body).toContain('event: failure');
    expect(body).toContain('"field":"interval"');
  });

  it('ends with UNAVAILABLE when the controller stops', async () => {
    const answer = await watch();
    const text = eventsUntil(answer, () => false);
    await setTimeout(100);
    await web.server.stop();
    expect(await text).toMatch(/event: failure\ndata: .*"code":"UNAVAILABLE"/);
  });

  it('is one of at most 128 of a viewer; one that is closed gives its place back', async () => {
    const open: IncomingMessage[] = [];
    for (let i = 0; i < 128; i++) open.push(await watch());
    const refused = await watch();
    expect(refused.statusCode).toBe(429);
    refused.destroy();
    open[0]?.destroy();
    await setTimeout(200);
    const again = await watch();
    expect(again.statusCode).toBe(200);
    for (const answer of [...open, again]) answer.destroy();
  });

  it('is not made further than its viewer reads', async () => {
    const stats = web.services.findIndex(({ name }) => name === 'nsgate.v1.StatsService');
    let made = 0;
    async function* flood(): AsyncGenerator<StreamPacketsResponse> {
      for (;;) {
        made += 1;
        const sample = PacketSample.fromPartial({ namespace: 'x'.repeat(100_000) });
        yield await Promise.resolve({ event: { $case: 'sample', value: sample } });
      }
    }
    await web.restart((services) =>
      services.map((service, i) => (i === stats ? { ...service, handlerOf: () => flood } : service)),
    );
    const answer = await web.open('/api/v1/StatsService/StreamPackets', { cookie: await web.logIn() });
    answer.pause();
    await setTimeout(1000);
    const early = made;
    await setTimeout(1000);
    // What is under way fits into the sockets of both sides.
    expect([early < 200, made - early]).toEqual([true, 0]);
    answer.resume();
    while (made < early + 10) await setTimeout(10);
    answer.destroy();
    await setTimeout(200);
    const late = made;
    await setTimeout(200);
    expect(made).toBe(late);
  });
});

describe('the pages', () => {
  it('are under 200 KB together, uncompressed', () => {
    const built = builtPagesFolder();
    const files = readdirSync(built, { recursive: true, encoding: 'utf8' }).map((name) =>
      statSync(join(built, name)),
    );
    const size = files.filter((file) => file.isFile()).reduce((sum, file) => sum + file.size, 0);
    expect(size).toBeGreaterThan(50_000);
    expect(size).toBeLessThan(200_000);
  });

  it('load nothing from elsewhere, and no script but their own', async () => {
    const { headers, body } = await web.ask('/', { cookie });
    expect(headers['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(body).not.toMatch(/https?:\/\//);
    const [app = ''] = /\/assets\/app-[^"]+/.exec(body) ?? [];
    const asset = await web.ask(app, { cookie });
    expect([asset.status, asset.headers['cache-control']]).toEqual([
      200,
      'private, max-age=31536000, immutable',
    ]);
  });

  it('are the same over HTTP/2', async () => {
    const session = connect(`https://127.0.0.1:${web.port}`, { rejectUnauthorized: false });
    const stream = session.request({ ':path': '/api/v1/FleetService/WatchHosts', cookie });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers[':status']).toBe(200);
    let text = '';
    for await (const chunk of stream) {
      text += String(chunk);
      if (text.includes('inSync')) break;
    }
    expect(text).toContain('event: open');
    session.destroy();
    await settle();
  });
});
