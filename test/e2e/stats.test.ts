/** What rules match is counted exactly, whatever happens meanwhile; and what is sampled arrives as it was. */
import { get } from 'node:https';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { Metadata } from '@grpc/grpc-js';
import {
  Action,
  clientCredentials,
  Hook,
  Policy,
  QueryStatsRequest,
  StatsDimension,
  StatsServiceClient,
  StreamPacketsRequest,
  StreamStatsRequest,
  type PacketSample,
  type QueryStatsResponse,
  type StatsGroup,
  type StreamPacketsResponse,
  type StreamStatsResponse,
} from '@nsgate/proto';
import { outcomeOf } from './harness/command';
import { DatagramSender } from './harness/datagrams';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { HOST_ID, Site } from './harness/site';

const PORT = 4711;
const WEB_PORT = 7444;
const POLICY = 'policies/exact';
/** A call waits until the controller can be reached, where it would fail at once. */
const PATIENTLY = new Metadata({ waitForReady: true });

let site: Site;
let web: Namespace;
let stats: StatsServiceClient;
let sender: DatagramSender;

/** Drops and samples the datagrams, and by default what else comes in but pings; with other rules around as `edition` says. */
function exact(edition: number): Policy {
  const others = Array.from({ length: edition }, (_, i) => ({
    ...{ id: `other-${i}`, hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP },
    match: { protocol: 'tcp', destinationPorts: [String(20 + i)] },
  }));
  return Policy.fromPartial({
    name: POLICY,
    namespaces: { include: ['web'] },
    rules: [
      ...others,
      {
        ...{ id: 'datagrams', hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP },
        match: { protocol: 'udp', destinationPorts: [String(PORT)] },
        log: { rate: 1000, burst: 1000 },
      },
      { id: 'ping', hook: Hook.HOOK_INPUT, action: Action.ACTION_ACCEPT, match: { protocol: 'icmp' } },
    ],
    defaultVerdicts: [{ hook: Hook.HOOK_INPUT, verdict: Action.ACTION_DROP, log: { rate: 100, burst: 100 } }],
  });
}

async function enforce(policy: Policy): Promise<void> {
  const stored = await site.operator.applyPolicy(policy);
  await site.operator.waitEnforced({ policy: stored, host: `hosts/${HOST_ID}`, namespace: 'web' });
}

beforeAll(async () => {
  loadModule();
  web = Namespace.add('web', 31);
  site = await Site.start();
  const channel = { 'grpc.ssl_target_name_override': 'localhost', 'grpc.max_reconnect_backoff_ms': 500 };
  stats = new StatsServiceClient(site.address, clientCredentials(site.operatorTls), channel);
  sender = new DatagramSender({ address: web.address, port: PORT });
  await enforce(exact(0));
  // Both sides then know each other's link addresses: no packet waits for them.
  expect(web.answersPing()).toBe(true);
});
afterAll(async () => {
  await sender.close();
  stats.close();
  await site.stop();
  web.delete();
  unloadModule();
});

/** The first message of StreamStats. */
async function snapshot(
  request: Parameters<typeof StreamStatsRequest.fromPartial>[0],
): Promise<StatsGroup[]> {
  const call = stats.streamStats(StreamStatsRequest.fromPartial(request), PATIENTLY);
  call.on('error', () => undefined);
  try {
    for await (const { groups } of call as AsyncIterable<StreamStatsResponse>) return groups;
    return [];
  } finally {
    call.cancel();
  }
}

async function counted(): Promise<bigint | undefined> {
  const [group] = await snapshot({
    filter: { policies: [POLICY], ruleIds: ['datagrams'] },
    groupBy: [StatsDimension.STATS_DIMENSION_RULE],
  });
  return group?.counters?.packets;
}

/** Somebody watches, so that the agent reports every second, until it has all been counted. */
async function expectCounted(sent: bigint): Promise<void> {
  const watching = stats.streamStats(StreamStatsRequest.fromPartial({}), PATIENTLY);
  watching.on('error', () => undefined).resume();
  try {
    await eventually(async () => expect(await counted()).toBe(sent));
  } finally {
    watching.cancel();
  }
}

/** Under the same name, and enforced there again. */
async function replaceNamespace(): Promise<void> {
  web.delete();
  web = Namespace.add('web', 31);
  await enforcedAnew();
}

async function enforcedAnew(): Promise<void> {
  const { inode } = web;
  await eventually(() => {
    const { namespaces } = site.kernelListing();
    expect(namespaces.find((one) => one.inode === inode)?.binding).toBeDefined();
  });
  // Both sides then know each other's link addresses again.
  await eventually(() => expect(web.answersPing()).toBe(true));
}

describe('every datagram that was sent is counted once', () => {
  it('in steady state, and with it what became of it', async () => {
    await sender.send(200);
    await expectCounted(sender.sent);
    const groups = await snapshot({ groupBy: [StatsDimension.STATS_DIMENSION_HOOK] });
    const input = groups.find(({ hook }) => hook === Hook.HOOK_INPUT)?.traffic;
    expect(input?.dropped).toBe(sender.sent);
    expect(input?.seen).toBe((input?.accepted ?? 0n) + (input?.dropped ?? 0n) + (input?.rejected ?? 0n));
  });

  it('and QueryStats says the same, step by step', async () => {
    const query = promisify<QueryStatsRequest, QueryStatsResponse>(stats.queryStats.bind(stats));
    const request = QueryStatsRequest.fromPartial({
      filter: { policies: [POLICY], ruleIds: ['datagrams'] },
      groupBy: [StatsDimension.STATS_DIMENSION_RULE],
    });
    await eventually(async () => {
      const { series } = await query(request);
      const points = series.flatMap((one) => one.points.map(({ counters }) => counters?.packets ?? 0n));
      expect(points.reduce((sum, packets) => sum + packets, 0n)).toBe(sender.sent);
      expect(series[0]?.group?.counters?.packets).toBe(sender.sent);
    });
  });

  it('when the agent is killed and started again', async () => {
    await sender.send(50);
    await site.agent?.end('SIGKILL');
    await sender.send(50);
    site.startAgent();
    await sender.send(50);
    await expectCounted(sender.sent);
  });

  it('while the ruleset is changed under it', async () => {
    const changes = (async () => {
      for (const edition of [3, 1, 2]) await enforce(exact(edition));
    })();
    await sender.sendUntil(changes);
    await changes;
    await expectCounted(sender.sent);
  });

  it('when the controller is killed, and its agent connects again', async () => {
    await sender.send(50);
    await site.controller?.end('SIGKILL');
    await sender.send(50);
    await site.startController('--web', `127.0.0.1:${WEB_PORT}`);
    await expectCounted(sender.sent);
  });

  it('when the namespace is deleted and made anew, also the last before it died', async () => {
    await sender.send(50);
    await replaceNamespace();
    await sender.send(50);
    await expectCounted(sender.sent);
  });

  it('when it is deleted and made anew while no agent runs', async () => {
    await site.agent?.end('SIGKILL');
    await sender.send(50);
    web.delete();
    web = Namespace.add('web', 31);
    site.startAgent();
    await enforcedAnew();
    await sender.send(50);
    await expectCounted(sender.sent);
    const groups = await snapshot({ groupBy: [StatsDimension.STATS_DIMENSION_NAMESPACE] });
    expect(groups.map(({ namespace }) => namespace)).toEqual(['web']);
  });
});

describe('what no rule decides', () => {
  /** Packets by what is counted as one, of the default verdict at INPUT. */
  async function byDefault(): Promise<{ row: bigint; hook: bigint }> {
    const [row] = await snapshot({
      filter: { policies: [POLICY], ruleIds: ['(default drop)'] },
      groupBy: [StatsDimension.STATS_DIMENSION_RULE, StatsDimension.STATS_DIMENSION_NAMESPACE],
    });
    const hooks = await snapshot({ groupBy: [StatsDimension.STATS_DIMENSION_HOOK] });
    const traffic = hooks.find(({ hook }) => hook === Hook.HOOK_INPUT)?.traffic;
    return { row: row?.counters?.packets ?? 0n, hook: traffic?.defaulted ?? 0n };
  }

  it('is counted by name for the policy whose default verdict does', async () => {
    const other = new DatagramSender({ address: web.address, port: PORT + 2 });
    const before = await byDefault();
    await other.send(40);
    await eventually(async () => {
      const { row, hook } = await byDefault();
      // What else comes in by itself, such as neighbour discovery, is dropped by default, too.
      expect(row - before.row).toBeGreaterThanOrEqual(40n);
      expect(row).toBe(hook);
    }).finally(() => other.close());
  });
});

describe('a sampled packet', () => {
  /** The first sample that passes, of packets that `send` sends. */
  async function sampled(
    filter: Parameters<typeof StreamPacketsRequest.fromPartial>[0],
    send: () => Promise<unknown>,
  ): Promise<PacketSample> {
    const call = stats.streamPackets(StreamPacketsRequest.fromPartial({ follow: true, ...filter }));
    call.on('error', () => undefined);
    try {
      await new Promise((done) => call.once('metadata', done));
      await send();
      for await (const { event } of call as AsyncIterable<StreamPacketsResponse>) {
        if (event?.$case === 'sample') return event.value;
      }
      throw new Error('the stream has ended');
    } finally {
      call.cancel();
    }
  }

  const whereItWas = { host: `hosts/${HOST_ID}`, namespace: 'web', hook: Hook.HOOK_INPUT, policy: POLICY };

  it('of a rule names the rule, and is what was sent', async () => {
    const filter = { verdicts: [Action.ACTION_DROP], ports: [PORT], prefixes: [`${web.address}/32`] };
    const packet = await sampled({ ...filter, protocols: ['udp'] }, () => sender.send(1));
    expect(packet).toMatchObject({
      ...{ ...whereItWas, ruleId: 'datagrams', verdict: Action.ACTION_DROP, defaultVerdict: false },
      ...{ source: '10.9.31.1', destination: '10.9.31.2', protocol: 17, destinationPort: PORT },
      ...{ length: 20 + 8 + 'nsgate'.length, inInterface: 'webn', fragment: false, malformed: false },
    });
    expect(packet.sourcePort).toBeGreaterThan(0);
  });

  it('of the default verdict names the policy that states it', async () => {
    const other = new DatagramSender({ address: web.address, port: PORT + 1 });
    const packet = await sampled({ ports: [PORT + 1] }, () => other.send(1));
    expect(packet).toMatchObject({
      ...whereItWas,
      ruleId: '',
      defaultVerdict: true,
      destinationPort: PORT + 1,
    });
    await other.close();
  });
});

describe('the command line, against a controller that counts', () => {
  const PROGRAM = resolve(__dirname, '../../controller/dist/cli/main.js');
  function nsgate(...words: string[]): string {
    const { status, output } = outcomeOf(process.execPath, PROGRAM, '--socket', site.socket, ...words);
    expect({ words, status, output }).toMatchObject({ status: 0 });
    return output;
  }

  it('stats: shows the counts', async () => {
    await expectCounted(sender.sent);
    const [head = '', ...rows] = nsgate('stats', '--by', 'rule', '--policy', 'exact').trim().split('\n');
    expect(head).toMatch(/POLICY +RULE +MATCHED +BYTES +SHADOW +LAST HIT/);
    expect(rows.find((row) => row.includes('datagrams'))).toMatch(new RegExp(` ${sender.sent} `));
    expect(nsgate('stats', '--by', 'hook')).toMatch(/input +\d+ +\d+/);
  });

  it('top: shows tables of rates, and ends when it is told to', () => {
    const output = nsgate('top', '--count', '2', '--interval', '0.5');
    expect(output.match(/MATCHED\/S/g)).toHaveLength(2);
  });

  it('packets: shows the last samples, narrowed', () => {
    const lines = nsgate('packets', '--last', '3', '--verdict', 'drop', '--port', String(PORT))
      .trim()
      .split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      new RegExp(
        `demo-host/web input drop exact/datagrams 10\\.9\\.31\\.1:\\d+ -> 10\\.9\\.31\\.2:${PORT} udp 34 bytes`,
      ),
    );
    expect(nsgate('packets', '--port', String(PORT + 1))).toContain('exact/(default drop)');
  });

  it('unused: shows the rules that nothing matched', () => {
    const output = nsgate('unused', '--policy', 'exact');
    expect(output).toContain('other-0');
    expect(output).not.toContain('datagrams');
    expect(nsgate('unused', '--policy', 'exact', '--since', '30d')).not.toContain('other-0');
  });
});

it('the web page’s events have the counts', async () => {
  const { ca, cert, key } = site.operatorTls;
  const request = {
    filter: { policies: [POLICY], ruleIds: ['datagrams'] },
    groupBy: ['STATS_DIMENSION_RULE'],
  };
  const path = `/api/v1/StatsService/StreamStats?request=${encodeURIComponent(JSON.stringify(request))}`;
  const response = await new Promise<IncomingMessage>((done, fail) => {
    const [tls] = [{ ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) }];
    const asked = get({ ...tls, host: '127.0.0.1', servername: 'localhost', port: WEB_PORT, path }, done);
    asked.on('error', fail);
  });
  let text = '';
  for await (const part of response as AsyncIterable<Buffer>) {
    text += part.toString();
    if (text.includes('"packets"')) break;
  }
  expect(text).toContain(`"packets":"${sender.sent}"`);
});
