/** What a change costs a controller of 10,000 policies and 10,000 hosts: `npm run bench:controller`. */
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ruleKey } from '@nsgate/proto';
import { AgentHub } from '../../controller/src/agent-stream/agent-hub';
import type { AgentCall } from '../../controller/src/agent-stream/agent-session';
import { HostRegistry } from '../../controller/src/host-registry/host-registry';
import { ANY_PACKET } from '../../controller/src/model/match';
import type { PolicyOrigin, PolicySpec } from '../../controller/src/model/policy';
import { selectsHost, type HostSelector, type Labels } from '../../controller/src/model/selector';
import { listPolicies } from '../../controller/src/operator-api/policy-lister';
import { SqlitePolicyStore } from '../../controller/src/policy-store/sqlite-policy-store';
import { CounterLedger } from '../../controller/src/stats/counter-ledger';
import { PacketLog } from '../../controller/src/stats/packet-log';
import { RuleDirectory } from '../../controller/src/stats/rule-directory';

const POLICIES = 10_000;
const HOSTS = 10_000;
const BUCKETS = 100;
const ROUNDS = 20;
const NOTE = { author: 'operator/bench', reason: '' };
const nothing = (): void => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing } as never;
const EVERY_HOST: HostSelector = { requirements: [] };
const bucket = (number: number): HostSelector => ({
  requirements: [{ operator: 'equals', key: 'bucket', value: String(number) }],
});

interface Bound {
  readonly what: string;
  readonly ms: number;
  readonly atMost: number;
}

/** Takes everything at once. */
class TakingCall extends EventEmitter {
  write(): boolean {
    return true;
  }
  end(): void {
    // Nothing is open.
  }
}

function spec(id: number, hostSelector: HostSelector, priority = 0): PolicySpec & PolicyOrigin {
  const rule = (name: string): PolicySpec['rules'][number] => ({
    ...{ id: name, comment: '', hook: 'input', action: { kind: 'drop', shadow: false } },
    match: { ...ANY_PACKET, protocol: 'tcp', destinationPorts: ['22'], sources: ['192.0.2.0/24'] },
  });
  return {
    ...{
      name: `policies/p${id}`,
      description: '',
      tier: 'default',
      priority,
      hostSelector,
      defaultVerdicts: [],
    },
    labels: new Map([['team', `t${id % 50}`]]),
    namespaces: { include: ['tenant-*'], exclude: [] },
    rules: [rule('a'), rule('b')],
    ...{ uid: `u${id}`, createTime: new Date(), updateTime: new Date() },
  };
}

function labelsOf(host: number): Labels {
  const labels = Array.from({ length: 9 }, (_, i): [string, string] => [
    `l${i}`,
    String((host * (i + 7)) % 13),
  ]);
  return new Map([['bucket', String(host % BUCKETS)], ...labels]);
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-bench-'));
  const store = new SqlitePolicyStore({ folder });
  try {
    const bounds = await measure(store);
    for (const { what, ms, atMost } of bounds) {
      process.stdout.write(
        `${ms <= atMost ? 'ok  ' : 'OVER'} ${what}: ${ms.toFixed(1)} ms (at most ${atMost} ms)\n`,
      );
    }
    return bounds.every(({ ms, atMost }) => ms <= atMost) ? 0 : 1;
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

async function measure(store: SqlitePolicyStore): Promise<Bound[]> {
  await fill(store);
  const registry = new HostRegistry({
    load: () => [],
    save: () => undefined,
    remove: () => undefined,
    close: () => undefined,
  });
  const rules = new RuleDirectory(ruleKey);
  const hub = new AgentHub({
    ...{ store, registry, ledger: new CounterLedger({ rules, onOddity: () => undefined }), version: '0' },
    ...{ packets: new PacketLog(), rules },
    ...{ logger: SILENT, onPolicy: () => undefined },
  });
  await hub.start();
  for (let host = 0; host < HOSTS; host++) connect(hub, host);
  await idle();
  const some = await median(() => recompute(store, registry, bucket(7)));
  const all = await median(() => recompute(store, registry, EVERY_HOST));
  const list = await median(() => timed(() => listPolicies({ store, registry }, LIST_1000)));
  const full = fullRecompute();
  const memory = process.memoryUsage().rss / 2 ** 20;
  process.stdout.write(
    `full recompute: ${full.toFixed(0)} ms, ${(full / some).toFixed(0)} times that of 1 % of the hosts\n`,
  );
  process.stdout.write(`resident memory: ${memory.toFixed(0)} MiB\n`);
  hub.stop();
  return [
    { what: 'write to desired state, policy of 1 % of the hosts', ms: some, atMost: 50 },
    { what: 'write to desired state, policy of all hosts', ms: all, atMost: 500 },
    { what: 'list of 1,000 policies', ms: list, atMost: 50 },
  ];
}

const LIST_1000 = { pageSize: 1000, pageToken: '', filter: '', host: '', orderBy: '' };

async function fill(store: SqlitePolicyStore): Promise<void> {
  for (let id = 0; id < POLICIES; id += 500) {
    const puts = Array.from({ length: 500 }, (_, i) => ({
      ...{ kind: 'put' as const, policy: spec(id + i, bucket((id + i) % BUCKETS)) },
      ...{ expect: { kind: 'absent' as const }, note: NOTE },
    }));
    await store.write(puts);
  }
}

function connect(hub: AgentHub, host: number): void {
  const description = {
    ...{ id: `h${host}`, labels: labelsOf(host), agentVersion: '1', moduleVersion: '1' },
    ...{ kernelRelease: '6.1', bootId: 'b' },
  };
  hub.join(new TakingCall() as unknown as AgentCall, { description, held: new Map() });
}

let turn = 0;

/** From the write until every host that it concerns is to be told. */
async function recompute(
  store: SqlitePolicyStore,
  registry: HostRegistry,
  selector: HostSelector,
): Promise<number> {
  const name = 'policies/p7';
  const current = await store.get(name);
  if (current === undefined) throw new Error(`${name} is gone`);
  turn += 1;
  const ms = await timed(async () => {
    const expect = { kind: 'revision', revision: current.revision } as const;
    const policy = { ...spec(7, selector, turn % 1000), uid: current.uid };
    const stored = await store.put({ policy, expect, note: NOTE });
    if (stored.outcome !== 'stored') throw new Error(stored.outcome);
    while (registry.summary(name).revision < stored.policy.revision) await setImmediate();
  });
  await idle();
  return ms;
}

/** Lets the pump write what is due. */
async function idle(): Promise<void> {
  for (let i = 0; i < 2 * HOSTS; i++) await setImmediate();
}

/** What it would take to ask every host about every policy. */
function fullRecompute(): number {
  const hosts = Array.from({ length: HOSTS }, (_, host) => labelsOf(host));
  const selectors = Array.from({ length: POLICIES }, (_, id) => bucket(id % BUCKETS));
  const start = performance.now();
  let chosen = 0;
  for (const labels of hosts)
    for (const selector of selectors) if (selectsHost(selector, labels)) chosen += 1;
  if (chosen !== (HOSTS * POLICIES) / BUCKETS) throw new Error(`${chosen} pairs were chosen`);
  return performance.now() - start;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function median(measureOnce: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < ROUNDS; i++) all.push(await measureOnce());
  return all.sort((a, b) => a - b)[ROUNDS / 2] ?? Infinity;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
    process.exit(1);
  },
);
