/**
 * Measures the agent inside the guest, on the real module:
 *
 * - how long after `ip netns add` has returned the namespace is enforced, 500 one after another and 50 at once;
 * - what it takes of memory and of a processor when nothing happens;
 * - what it takes to bind a thousand namespaces to one ruleset of a thousand rules, against `nft -f` in each of them.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Family, Hook, type KernelDevice } from '../../../agent/src/kernel-device';
import { loadModule, unloadModule } from '../../e2e/harness/kernel-module';
import { AgentHost, nftRuleset, policyOf, sleepMs, withDevice } from './agent-host';

const { values } = parseArgs({
  options: {
    'one-by-one': { type: 'string', default: '500' },
    'at-once': { type: 'string', default: '50' },
    namespaces: { type: 'string', default: '1000' },
    rules: { type: 'string', default: '1000' },
    log: { type: 'boolean', default: false },
    'nft-namespaces': { type: 'string', default: '10' },
  },
});
const [oneByOne, atOnce, many, rules, nftMany] = [
  values['one-by-one'],
  values['at-once'],
  values.namespaces,
  values.rules,
  values['nft-namespaces'],
].map(Number) as [number, number, number, number, number];

const PATIENCE_MS = 120_000;
const IDLE_MS = 30_000;
/** Long against what is measured, so that who measures does not stand in the way. */
const POLL_MS = 150;
const RULES = '/tmp/rules.nft';

async function main(): Promise<void> {
  loadModule();
  const host = await AgentHost.make();
  try {
    await latencies(host);
    await idle(host);
    await manyNamespaces(host);
  } finally {
    await host.stop();
    unloadModule();
  }
}

/**
 * When a namespace was enforced, the agent's own log says, which tells of it after the kernel has taken the ruleset and was asked
 * whether it has. To ask the kernel again and again would take the only processor from the agent; it is asked once, afterwards.
 */
async function latencies(host: AgentHost): Promise<void> {
  await host.desire(policyOf('latency', 'lat-*', 100));
  host.startAgent();
  addNamespaces(['lat-first']);
  demandEnforced(host, ['lat-first']);
  const one = names('lat-', oneByOne);
  const returned = one.map((name) => {
    execFileSync('ip', ['netns', 'add', name]);
    const now = Date.now();
    demandEnforced(host, [name]);
    return now;
  });
  const bound = bindTimes(host.agent?.log ?? '');
  const ms = one.map((name, n) => Math.max((bound.get(name) ?? Infinity) - (returned[n] ?? 0), 0));
  say(
    `ip netns add → enforced, 100 rules, ${oneByOne} one after another`,
    describe(ms),
    'p50 10 ms, p99 50 ms at most',
  );
  burst(host);
  say('agent, resident memory', mib(host.agentMemory()));
  if (values.log)
    process.stdout.write((host.agent?.log ?? '') + one.map((name, n) => `${name}: ${ms[n]} ms\n`).join(''));
  await host.agent?.end();
  deleteNamespaces();
}

function burst(host: AgentHost): void {
  const some = names('lat-x', atOnce);
  const script = some.map((name) => `ip netns add ${name} &`).join(' ');
  execFileSync('sh', ['-c', `${script} wait`]);
  const start = Date.now();
  demandEnforced(host, some);
  const bound = bindTimes(host.agent?.log ?? '');
  const last = Math.max(...some.map((name) => bound.get(name) ?? Infinity));
  say(`${atOnce} created at once → all enforced`, `${Math.max(last - start, 0)} ms`, '1000 ms at most');
}

/** Waits until the agent says so of all, and asks the kernel whether it is so. */
function demandEnforced(host: AgentHost, all: readonly string[]): void {
  const waiting = new Set(all);
  // Looks are counted, not time: where the whole machine stood still for minutes, the agent has had none of them.
  for (let looks = 0; waiting.size > 0; looks++) {
    // To look at once would take the processor from the agent, which is at work now.
    sleepMs(POLL_MS);
    host.agent?.assertRuns();
    for (const name of bindTimes(host.agent?.newLog() ?? '').keys()) waiting.delete(name);
    if (looks * POLL_MS > PATIENCE_MS)
      throw new Error(`${[...waiting].join(', ')}: not enforced; the agent says:\n${lastLines(host)}`);
  }
  withDevice((device) => {
    for (const name of all) if (!isBound(device, name)) throw new Error(`${name} is not enforced`);
  });
}

function lastLines({ agent }: AgentHost): string {
  return (agent?.log ?? '').split('\n').slice(-30).join('\n');
}

function isBound(device: KernelDevice, name: string): boolean {
  const { ino: inode } = statSync(`/run/netns/${name}`);
  const address = Buffer.alloc(4);
  const addresses = { source: address, destination: address };
  const packet = { inode, hook: Hook.INPUT, family: Family.IPV4, protocol: 6, ...addresses };
  return device.classify(packet).digest !== undefined;
}

/** Milliseconds since 1970 at which the agent told of a binding, by name. */
function bindTimes(log: string): Map<string, number> {
  const lines = log.matchAll(/"time":(\d+),.*"namespace":"([^"]+)",.*"msg":"bind"/g);
  return new Map([...lines].map(([, time, name]) => [name ?? '', Number(time)]));
}

/** What an agent costs that has nothing to do but to watch. */
async function idle(host: AgentHost): Promise<void> {
  const all = names('idle-', 100);
  addNamespaces(all);
  await host.desire(policyOf('idle', 'idle-*', 100));
  host.startAgent();
  demandEnforced(host, all);
  sleepMs(IDLE_MS);
  const before = host.agentCpuMs();
  sleepMs(IDLE_MS);
  const share = (host.agentCpuMs() - before) / IDLE_MS;
  say('100 namespaces, 100 rules: agent, resident memory', mib(host.agentMemory()), '80 MiB at most');
  say(
    `100 namespaces, 100 rules: processor, ${IDLE_MS / 1000} s idle`,
    `${(share * 100).toFixed(2)} %`,
    'less than 1 %',
  );
  await host.agent?.end();
  deleteNamespaces();
}

async function manyNamespaces(host: AgentHost): Promise<void> {
  const all = names('many-', many);
  addNamespaces(all);
  await host.desire(policyOf('many', 'many-*', rules));
  const before = kernelMemory();
  host.startAgent();
  const bound = (): number => withDevice((device) => device.info().bindings);
  const start = performance.now();
  while (bound() < many) {
    sleepMs(100);
    host.agent?.assertRuns();
    if (performance.now() - start > PATIENCE_MS) throw new Error(`only ${bound()} of ${many} are bound`);
  }
  const { rulesets, memory } = withDevice((device) => device.info());
  say(`${many} namespaces, one policy of ${rules} rules: rulesets in the kernel`, String(rulesets), '1');
  while (bindMs(host.agent?.log ?? '') === undefined) sleepMs(100);
  sleepMs(2000);
  say('agent, resident memory', mib(host.agentMemory()), '120 MiB at most');
  // What it has bound stays, and what it takes itself is not to be counted.
  await host.agent?.end();
  const ours = { memory: kernelMemory() - before, ms: bindMs(host.agent?.log ?? '') ?? 0 };
  say('bind of all', `${ours.ms.toFixed(0)} ms`);
  say('kernel memory', `${mib(ours.memory)}; the module counts ${mib(Number(memory))}`);
  compare(all, ours);
}

/** The pass that bound them, as the agent logged it; undefined before it has. */
function bindMs(log: string): number | undefined {
  const times = [...log.matchAll(/"durationMs":([\d.]+),"msg":"bind"/g)].map(([, ms]) => Number(ms));
  return times.length < many ? undefined : Math.max(...times);
}

/** nft in some of the same namespaces, in the same run; per namespace, since each takes the same again. */
function compare(all: readonly string[], ours: { memory: number; ms: number }): void {
  writeFileSync(RULES, nftRuleset(rules));
  const [first = '', ...others] = all;
  const some = others.slice(0, nftMany);
  const load = (name: string): Buffer => execFileSync('ip', ['netns', 'exec', name, 'nft', '-f', RULES]);
  // The first loads what nftables needs.
  load(first);
  const before = kernelMemory();
  const start = performance.now();
  for (const name of some) load(name);
  const theirs = {
    ms: ((performance.now() - start) / some.length) * all.length,
    memory: ((kernelMemory() - before) / some.length) * all.length,
  };
  const measured = `measured in ${some.length}, times ${all.length / some.length}`;
  say(`nft -f in each (${measured})`, `${theirs.ms.toFixed(0)} ms, ${mib(theirs.memory)}`);
  say('nft -f against the agent, time', `${(theirs.ms / ours.ms).toFixed(0)} times`, '100 times at least');
  say(
    'nft -f against the agent, kernel memory',
    `${(theirs.memory / ours.memory).toFixed(1)} times`,
    '20 times at least',
  );
}

/** Bytes that the kernel holds for itself by any of its allocators, proc(5): what is free again only later has a second for that. */
function kernelMemory(): number {
  execFileSync('sh', ['-c', 'sync; echo 3 > /proc/sys/vm/drop_caches']);
  sleepMs(1000);
  const text = readFileSync('/proc/meminfo', 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return ['SUnreclaim', 'VmallocUsed', 'Percpu'].reduce((sum, name) => sum + kib(name), 0) * 1024;
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`);
}

function addNamespaces(all: readonly string[]): void {
  execFileSync('ip', ['-batch', '-'], { input: all.map((name) => `netns add ${name}\n`).join('') });
}

function deleteNamespaces(): void {
  execFileSync('sh', ['-c', 'ip -all netns delete']);
}

function describe(ms: number[]): string {
  const sorted = [...ms].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.ceil(sorted.length * share) - 1] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}

function mib(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

function say(what: string, value: string, wanted?: string): void {
  process.stdout.write(`${what}: ${value}${wanted === undefined ? '' : ` (wanted: ${wanted})`}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String((error as Error).stack)}\n`);
    process.exit(1);
  },
);
