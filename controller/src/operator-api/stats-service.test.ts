/** The statistics service, called as a client calls it, over a ledger that tests fill. */
import {
  Action,
  Hook as WireHook,
  ListTopRulesRequest,
  ListUnusedRulesRequest,
  QueryStatsRequest,
  RpcError,
  StatsDimension,
  StatsOrder,
  StreamPacketsRequest,
  StreamStatsRequest,
  type ListTopRulesResponse,
  type ListUnusedRulesResponse,
  type QueryStatsResponse,
  type StreamPacketsResponse,
  type StreamStatsResponse,
} from '@nsgate/proto';
import { credentials, Server, ServerCredentials, type ServiceError } from '@grpc/grpc-js';
import { StatsServiceClient } from '@nsgate/proto';
import { pino } from 'pino';
import { ANY_PACKET } from '../model/match';
import type { Labels } from '../model/selector';
import { bindingReport } from '../stats/binding-report.testing';
import { CounterLedger } from '../stats/counter-ledger';
import { HistoryStore } from '../stats/history-store';
import { PacketLog } from '../stats/packet-log';
import { RuleDirectory } from '../stats/rule-directory';
import { sampledPacket } from '../stats/sampled-packet.testing';
import { StatsFeed } from '../stats/stats-feed';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unary } from '../controller-process.testing';
import type { Gatekeeper } from '../rpc/gatekeeper';
import { statsService } from './stats-service';

jest.setTimeout(30_000);

const KEYS: Readonly<Record<string, bigint>> = { a: 1n, b: 2n, c: 3n };
const DAY_S = 86_400n;

const folder = mkdtempSync(join(tmpdir(), 'nsgate-stats-'));
/** Who may call what is tested where it is decided. */
const lettingAllIn = {
  admit: () => ({ caller: {}, end: () => undefined }),
} as unknown as Gatekeeper;
const stopping = new AbortController();
const server = new Server();
const labels = new Map<string, Labels>([['h1', new Map([['site', 'fra']])]]);
const labelsOf = (hostId: string): Labels => labels.get(hostId) ?? new Map<string, string>();
const rules = new RuleDirectory((_uid, ruleId) => KEYS[ruleId] ?? 99n);
const ledger = new CounterLedger({ rules, onOddity: () => undefined });
const packets = new PacketLog();
const feed = new StatsFeed({ ledger, labelsOf, onWatched: () => undefined });
const history = new HistoryStore(folder);
let client: StatsServiceClient;

beforeAll(async () => {
  rules.put({
    ...{ name: 'policies/p', uid: 'u', createTime: new Date(Date.now() - 10 * 86_400_000) },
    rules: ['a', 'b', 'c'].map((id) => ({
      ...{ id, comment: '', hook: 'input', match: ANY_PACKET, action: { kind: 'count' } },
    })),
  });
  const counts = [
    { key: 1n, packets: 5n },
    { key: 2n, packets: 50n },
  ];
  const idle = { idleMs: [2n * DAY_S * 1000n, 0n] };
  ledger.ingest('h1', bindingReport(1n, counts, idle));
  ledger.ingest('h2', bindingReport(1n, [{ key: 2n, packets: 1n }], { idleMs: [0n] }));
  const traffic = { accepted: [7n], dropped: [2n], rejected: [1n], shadowDropped: [3n], malformed: [4n] };
  ledger.ingest('h1', bindingReport(1n, [], { hooks: ['forward'], ...traffic }));
  const service = statsService({ feed, ledger, rules, packets, history, labelsOf });
  const logger = pino({ level: 'silent' });
  server.addService(
    service.definition,
    service.bind({ transport: 'unix-socket', logger, stopping: stopping.signal, gatekeeper: lettingAllIn }),
  );
  const address = `unix:${join(folder, 's.sock')}`;
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  client = new StatsServiceClient(address, credentials.createInsecure());
});

afterAll(() => {
  client.close();
  stopping.abort();
  server.forceShutdown();
  history.close();
  rmSync(folder, { recursive: true });
});

/** The first messages of a stream, or the error that it ends with. */
function messages<T>(call: NodeJS.EventEmitter & { cancel(): void }, count: number): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const seen: T[] = [];
    call.on('data', (message: T) => {
      if (seen.push(message) === count) {
        resolve(seen);
        call.cancel();
      }
    });
    call.on('end', () => resolve(seen));
    call.on('error', (error: ServiceError) => reject(RpcError.fromServiceError(error)));
  });
}

const stats = async (
  fields: Parameters<typeof StreamStatsRequest.fromPartial>[0],
): Promise<StreamStatsResponse | undefined> =>
  (await messages<StreamStatsResponse>(client.streamStats(StreamStatsRequest.fromPartial(fields)), 1))[0];

const stream = (fields: Parameters<typeof StreamPacketsRequest.fromPartial>[0], count = 1000) =>
  messages<StreamPacketsResponse>(client.streamPackets(StreamPacketsRequest.fromPartial(fields)), count);

describe('StreamStats', () => {
  it('begins with a snapshot: what rules matched, and what became of packets', async () => {
    expect(await stats({ groupBy: [StatsDimension.STATS_DIMENSION_HOST] })).toMatchObject({
      snapshot: true,
      missed: 0n,
      groups: [
        {
          ...{ host: 'hosts/h1', counters: { packets: 55n, bytes: 5500n } },
          traffic: {
            ...{ seen: 10n, accepted: 7n, dropped: 2n, rejected: 1n, shadowDropped: 3n, malformed: 4n },
            defaulted: 0n,
          },
        },
        { host: 'hosts/h2', counters: { packets: 1n }, traffic: { seen: 0n } },
      ],
    });
  });

  it('groups by hook and by labels, filters by labels, and cuts to the top', async () => {
    const byHook = await stats({ groupBy: [StatsDimension.STATS_DIMENSION_HOOK] });
    expect(byHook?.groups.map(({ hook, traffic }) => [hook, traffic?.seen])).toEqual([
      [WireHook.HOOK_UNSPECIFIED, 0n],
      [WireHook.HOOK_FORWARD, 10n],
    ]);
    const bySite = await stats({ groupByLabels: ['site'] });
    expect(bySite?.groups.map((group) => [group.labels, group.counters?.packets])).toEqual([
      [{ site: '' }, 1n],
      [{ site: 'fra' }, 55n],
    ]);
    const inFra = await stats({ filter: { hostLabels: 'site=fra' } });
    expect(inFra?.groups).toMatchObject([{ counters: { packets: 55n } }]);
    const top = await stats({ groupBy: [StatsDimension.STATS_DIMENSION_RULE], top: 1 });
    expect(top?.groups.map(({ ruleId }) => ruleId)).toEqual(['b']);
  });

  it('tells a consumer how many messages it missed while it took nothing', async () => {
    const call = client.streamStats(
      StreamStatsRequest.fromPartial({ interval: { nanos: 100_000_000 }, groupByLabels: ['site'], top: 5 }),
    );
    const seen: StreamStatsResponse[] = [];
    let wake = (): void => undefined;
    call.on('data', (message: StreamStatsResponse) => {
      seen.push(message);
      wake();
    });
    call.on('error', () => undefined);
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
    };
    await until(() => seen.length >= 2);
    // The process, server and all, stands still.
    for (const end = Date.now() + 650; Date.now() < end;);
    await until(() => seen.some(({ missed }) => missed >= 4n));
    call.cancel();
  });

  it('names everything that is wrong with a request', async () => {
    const wrong = stats({
      filter: { hosts: ['x'], policies: ['y'], hostLabels: '=' },
      groupBy: [StatsDimension.STATS_DIMENSION_POLICY, StatsDimension.STATS_DIMENSION_UNSPECIFIED],
      groupByLabels: ['a b', 'k', 'k'],
      interval: { seconds: 0n },
      top: 10_001,
      order: StatsOrder.STATS_ORDER_STOPPED,
    });
    await expect(wrong).rejects.toMatchObject({
      violations: [
        { field: 'filter.hosts[0]' },
        { field: 'filter.policies[0]' },
        { field: 'filter.host_labels' },
        { field: 'group_by[1]' },
        { field: 'group_by_labels[0]' },
        { field: 'group_by_labels[2]' },
        { field: 'order' },
        { field: 'top' },
        { field: 'interval' },
      ],
    });
  });
});

describe('rules', () => {
  const top = (fields: Parameters<typeof ListTopRulesRequest.fromPartial>[0]) =>
    unary<ListTopRulesResponse>((done) => client.listTopRules(ListTopRulesRequest.fromPartial(fields), done));
  const unused = async (
    fields: Parameters<typeof ListUnusedRulesRequest.fromPartial>[0],
  ): Promise<ListUnusedRulesResponse> =>
    unary((done) => client.listUnusedRules(ListUnusedRulesRequest.fromPartial(fields), done));
  const ids = ({ rules: groups }: { rules: { ruleId: string }[] }): string[] =>
    groups.map(({ ruleId }) => ruleId);

  it('are listed by what they match', async () => {
    expect((await top({})).rules).toMatchObject([
      { policy: 'policies/p', ruleId: 'b', counters: { packets: 51n } },
      { policy: 'policies/p', ruleId: 'a', counters: { packets: 5n } },
    ]);
    expect(ids(await top({ limit: 1 }))).toEqual(['b']);
    expect(ids(await top({ filter: { hosts: ['hosts/h2'] } }))).toEqual(['b']);
    await expect(top({ limit: -1, order: StatsOrder.STATS_ORDER_STOPPED })).rejects.toMatchObject({
      violations: [{ field: 'limit' }, { field: 'order' }],
    });
  });

  it('are listed when nothing matches them, or has for long', async () => {
    expect(ids(await unused({}))).toEqual(['c']);
    expect(ids(await unused({ idleFor: { seconds: DAY_S } }))).toEqual(['a', 'c']);
    expect(ids(await unused({ idleFor: { seconds: 11n * DAY_S } }))).toEqual([]);
    expect(ids(await unused({ filter: { hosts: ['hosts/h2'] } }))).toEqual(['a', 'c']);
    const first = await unused({ idleFor: { seconds: DAY_S }, pageSize: 1 });
    expect(ids(first)).toEqual(['a']);
    const second = await unused({ idleFor: { seconds: DAY_S }, pageSize: 1, pageToken: first.nextPageToken });
    expect([ids(second), second.nextPageToken]).toEqual([['c'], '']);
    await expect(unused({ idleFor: { seconds: -1n }, pageToken: 'x' })).rejects.toMatchObject({
      violations: [{ field: 'idle_for' }, { field: 'page_token' }],
    });
  });
});

describe('StreamPackets', () => {
  beforeAll(() => {
    packets.report(
      'h1',
      [
        sampledPacket({ sourcePort: 1000 }),
        sampledPacket({ verdict: 'accept', destinationPort: 443, protocol: 17 }),
        sampledPacket({
          ruleId: '',
          isDefault: true,
          source: Buffer.from('20010db8'.padEnd(32, '0'), 'hex'),
        }),
      ],
      0n,
    );
  });
  const samples = async (fields: Parameters<typeof stream>[0]): Promise<number[]> => {
    const found = await stream({ last: 10, ...fields });
    return found.map(({ event }) =>
      event?.$case === 'sample' ? event.value.sourcePort * 10 + event.value.destinationPort : -1,
    );
  };

  it('gives the last ones that pass the filter, and ends', async () => {
    expect(await samples({})).toEqual([10_002, 453, 12]);
    expect(await samples({ last: 1 })).toEqual([12]);
    expect(await samples({ verdicts: [Action.ACTION_ACCEPT] })).toEqual([453]);
    expect(await samples({ ports: [443] })).toEqual([453]);
    expect(await samples({ protocols: ['udp'] })).toEqual([453]);
    expect(await samples({ prefixes: ['10.0.0.2'] })).toEqual([10_002, 453, 12]);
    expect(await samples({ sourcePrefixes: ['2001:db8::/32'] })).toEqual([12]);
    expect(await samples({ destinationPrefixes: ['10.0.0.1'] })).toEqual([]);
    expect(await samples({ filter: { namespaces: ['ns2'] } })).toEqual([]);
    expect(await samples({ filter: { hosts: ['hosts/h1'], ruleIds: ['r'] } })).toEqual([10_002, 453]);
  });

  it('shows addresses as people write them, and the default verdict by the policy that states it', async () => {
    const [found] = await stream({ last: 1 });
    expect(found?.event?.value).toMatchObject({
      ...{ source: '2001:db8::', policy: 'policies/p', ruleId: '', defaultVerdict: true, host: 'hosts/h1' },
    });
  });

  it('goes on with what comes, and counts exactly what it has no room for', async () => {
    const total = 20_000;
    const call = client.streamPackets(StreamPacketsRequest.fromPartial({ follow: true, ports: [7] }));
    let [got, lost] = [0, 0n];
    const all = new Promise<void>((resolve) => {
      call.on('data', ({ event }: StreamPacketsResponse) => {
        if (event?.$case === 'sample') got += 1;
        else lost += event?.value ?? 0n;
        if (BigInt(got) + lost === BigInt(total) + 5n) resolve();
      });
    });
    call.on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < total; i++)
      packets.report('h1', [sampledPacket({ sourcePort: 7 })], i === 0 ? 5n : 0n);
    await all;
    call.cancel();
    expect(got).toBeGreaterThan(0);
    expect(lost).toBeGreaterThan(5n);
  });

  it('names everything that is wrong with a request', async () => {
    const wrong = stream({
      ...{ filter: { hosts: ['x'] }, last: 20_000, verdicts: [Action.ACTION_UNSPECIFIED], prefixes: ['a'] },
      ...{ sourcePrefixes: ['10.0.0.1/8'], destinationPrefixes: [''], ports: [0], protocols: ['q'] },
    });
    await expect(wrong).rejects.toMatchObject({
      violations: [
        { field: 'filter.hosts[0]' },
        { field: 'last' },
        { field: 'verdicts[0]' },
        { field: 'prefixes[0]' },
        { field: 'source_prefixes[0]' },
        { field: 'destination_prefixes[0]' },
        { field: 'ports[0]' },
        { field: 'protocols[0]' },
      ],
    });
  });
});

describe('QueryStats', () => {
  const query = (fields: Parameters<typeof QueryStatsRequest.fromPartial>[0]): Promise<QueryStatsResponse> =>
    unary((done) => client.queryStats(QueryStatsRequest.fromPartial(fields), done));
  const now = Math.floor(Date.now() / 60_000) * 60_000;

  beforeAll(() => {
    const rule = { kind: 'rule', hostId: 'h1', policy: 'policies/p', hook: undefined } as const;
    const hook = {
      kind: 'hook',
      hostId: 'h1',
      namespace: 'ns1',
      policy: '',
      ruleId: '',
      hook: 'input',
    } as const;
    history.add(now - 10_000, [
      { ...rule, namespace: 'ns1', ruleId: 'a', columns: [1n, 100n, 0n] },
      { ...rule, namespace: 'ns2', ruleId: 'b', columns: [5n, 500n, 0n] },
      { ...hook, columns: [6n, 2n, 0n, 0n, 0n] },
    ]);
    history.add(now - 5000, [{ ...rule, namespace: 'ns1', ruleId: 'a', columns: [2n, 200n, 0n] }]);
  });

  it('gives what was counted step by step, with what became of packets', async () => {
    const { series, step, gaps } = await query({});
    expect(step).toEqual({ seconds: 5n, nanos: 0 });
    expect(gaps[0]).toMatchObject({ endTime: new Date(now - 15_000) });
    expect(series).toMatchObject([
      {
        group: { counters: { packets: 8n, bytes: 800n }, traffic: { seen: 8n, dropped: 2n } },
        points: [{ counters: { packets: 6n } }, { counters: { packets: 2n } }],
      },
    ]);
  });

  it('gives a series for each group, most first, and says how many it left out', async () => {
    const byRule = { groupBy: [StatsDimension.STATS_DIMENSION_RULE] };
    const { series } = await query(byRule);
    expect(series.map(({ group, points }) => [group?.ruleId, points.length])).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
    expect(await query({ ...byRule, top: 1 })).toMatchObject({
      series: [{ group: { ruleId: 'b' } }],
      leftOut: 1n,
    });
    expect((await query({ filter: { namespaces: ['ns2'] } })).series[0]?.group?.counters?.packets).toBe(5n);
  });

  it('goes back a day by minutes', async () => {
    const { series, step } = await query({ startTime: new Date(now - 20 * 3_600_000) });
    expect(step?.seconds).toBe(60n);
    expect(series).toMatchObject([{ points: [{ time: new Date(now), counters: { packets: 8n } }] }]);
  });

  it('names everything that is wrong with a request', async () => {
    const wrong = query({
      ...{ startTime: new Date(1_000_000), endTime: new Date(0), step: { seconds: 1n }, top: -1 },
      groupBy: [StatsDimension.STATS_DIMENSION_UNSPECIFIED],
    });
    await expect(wrong).rejects.toMatchObject({
      violations: [{ field: 'group_by[0]' }, { field: 'top' }, { field: 'end_time' }, { field: 'step' }],
    });
    await expect(query({ startTime: new Date(0) })).rejects.toMatchObject({
      violations: [{ field: 'step' }],
    });
  });
});
