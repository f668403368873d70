/** Debian's Prometheus with the rules of deploy/, on a controller that runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Action, Hook } from '@nsgate/proto';
import { buildController } from '../../controller/src/controller-process.testing';
import { Fleet } from '../web/harness/fleet';
import { Prometheus, promtool } from './prometheus';

jest.setTimeout(120_000);

const DEPLOYED = resolve(__dirname, '../../deploy/prometheus');
const PATIENCE_MS = 60_000;

const fleet = new Fleet(['--metrics-listen', '0']);
const folder = mkdtempSync(join(tmpdir(), 'nsgate-prometheus-'));
let prometheus: Prometheus;
let metrics = '';

beforeAll(async () => {
  buildController();
  await fleet.start();
  await fleet.addPolicy({
    name: 'policies/guard',
    namespaces: { include: ['*'] },
    rules: [{ id: 'all', hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP }],
  });
  await fleet.addHost('stays', ['ns1']);
  await fleet.addHost('leaves', ['ns1']);
  const told = fleet.controller.log.find(({ msg }) => msg === 'metrics are told');
  metrics = `127.0.0.1:${String(told?.port)}`;
  layOut(metrics);
  prometheus = await Prometheus.start({ folder, port: await freePort() });
});

afterAll(async () => {
  await prometheus.stop();
  await fleet.stop();
  rmSync(folder, { recursive: true });
});

it('promtool finds nothing to say about the metrics', async () => {
  const text = await (await fetch(`http://${metrics}/metrics`)).text();
  const own = text.split('\n').filter((line) => /^(# (HELP|TYPE) )?nsgate_/.test(line));
  expect(await promtool({ input: `${own.join('\n')}\n` }, 'check', 'metrics')).toBe('');
});

it('counts what hosts count, by the rules that record', async () => {
  const rate = await eventually(async () =>
    (await query('policy_rule:nsgate_rule_packets:rate5m')).find(({ value }) => Number(value[1]) > 0),
  );
  expect(rate.metric).toEqual({
    __name__: 'policy_rule:nsgate_rule_packets:rate5m',
    ...{ policy: 'guard', rule: 'all' },
  });
});

it('fires the alert of a silent agent, and takes it back', async () => {
  await eventually(async () =>
    (await query('nsgate_hosts{state="connected"}')).find(({ value }) => value[1] === '2'),
  );
  expect(await firing()).not.toContain('NsgateAgentsSilent');
  fleet.removeHost('leaves');
  await eventually(async () => (await firing()).includes('NsgateAgentsSilent'));
  const [silent] = await query('nsgate_host_silent_seconds');
  expect(silent?.metric.host).toBe('leaves');
  await fleet.addHost('leaves', ['ns1']);
  await eventually(async () => !(await firing()).includes('NsgateAgentsSilent'));
});

/** The files of deploy/, in seconds where these wait for minutes. */
function layOut(target: string): void {
  const read = (name: string): string => readFileSync(join(DEPLOYED, name), 'utf8');
  const hurried = read('nsgate.rules.yml').replace(/for: \d+m/g, 'for: 1s');
  writeFileSync(join(folder, 'nsgate.rules.yml'), hurried);
  const config = read('prometheus.yml').replaceAll(': 15s', ': 1s').replace('127.0.0.1:9465', target);
  writeFileSync(join(folder, 'prometheus.yml'), config);
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

async function query(expression: string): Promise<readonly Sample[]> {
  const data = await prometheus.ask(`query?query=${encodeURIComponent(expression)}`);
  return (data as { result: Sample[] } | undefined)?.result ?? [];
}

async function firing(): Promise<string[]> {
  const data = (await prometheus.ask('alerts')) as
    { alerts: { state: string; labels: { alertname: string } }[] } | undefined;
  return (data?.alerts ?? []).filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
}

async function eventually<Value>(look: () => Promise<Value>): Promise<NonNullable<Value>> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    await setTimeout(200);
  }
  throw new Error(`not within ${PATIENCE_MS / 1000} s: ${look.toString()}`);
}

/** Prometheus does not tell which port it took. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
