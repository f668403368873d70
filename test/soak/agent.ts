/**
 * What takes too long for every change of the code, inside the guest on the real module: the agent killed 200 times at random
 * instants, 10,000 namespaces made and deleted, 200 born into quarantine while they send. Prints its figures; fails where one is wrong.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AgentHost, policyOf, sleepMs, withDevice } from '../bench/guest/agent-host';
import { loadModule, unloadModule } from '../e2e/harness/kernel-module';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    cycles: { type: 'string', default: '10000' },
    quarantines: { type: 'string', default: '200' },
  },
});

/** What grows by less is taken for noise. */
const AGENT_GROWTH = 16 << 20;
const SLAB_GROWTH = 8 << 20;
const PATIENCE_MS = 120_000;
/** Cycles of one process that makes them. */
const AT_ONCE = 500;
/** Cycles after which memory is looked at: what grows for ever is told from what fills up. */
const LOOK_EVERY = 2500;
/** Namespaces that there are at a time: a second's worth of them, so that the agent comes to bind each. */
const LIVING = 20;

async function main(): Promise<void> {
  loadModule();
  const host = await AgentHost.make();
  try {
    await killAgain(host, Number(values.kills));
    await cycleNamespaces(host, Number(values.cycles));
    await quarantineBirths(host, Number(values.quarantines));
  } finally {
    await host.stop();
    unloadModule();
  }
}

/** Whatever the instant, the kernel has the whole of one of two states, and goes on counting. */
async function killAgain(host: AgentHost, kills: number): Promise<void> {
  if (kills === 0) return;
  run('ip', 'netns', 'add', 'soak-1');
  run('ip', '-n', 'soak-1', 'link', 'set', 'lo', 'up');
  const states = [policyOf('soak', 'soak-*', 10), policyOf('soak', 'soak-*', 200)] as const;
  const digests: string[] = [];
  let startMs = 0;
  for (const state of states) {
    await host.desire(state);
    const start = performance.now();
    host.startAgent();
    digests.push(await waitFor(() => differing(bound('soak-1'), digests)));
    startMs = performance.now() - start;
    await host.agent?.end();
  }
  const traffic = spawn('ip', ['netns', 'exec', 'soak-1', 'ping', '-q', '-i', '0.2', '127.0.0.1'], {
    stdio: 'ignore',
  });
  const seen: Record<string, number> = {};
  let before = totals('soak-1');
  for (let round = 0; round < kills; round++) {
    await host.desire(states[round % 2 === 0 ? 0 : 1]);
    host.startAgent();
    // As often before the commit as after it, whatever this machine's speed.
    sleepMs(Math.random() * 2 * startMs);
    await host.agent?.end('SIGKILL');
    const digest = bound('soak-1') ?? 'none';
    demand(digests.includes(digest), `after kill ${round} the kernel has ${digest}, which was never desired`);
    const now = totals('soak-1');
    demand(
      now.epoch === before.epoch && now.seen >= before.seen,
      `after kill ${round} the counters went back`,
    );
    before = now;
    seen[digest] = (seen[digest] ?? 0) + 1;
    if ((round + 1) % 20 === 0) tellProgress(`${round + 1} of ${kills} kills`);
  }
  traffic.kill();
  demand(kills < 20 || Object.keys(seen).length === digests.length, 'no kill came after a commit');
  say(
    `${kills} kills`,
    `always one of the desired states (${Object.values(seen).join(' and ')} times), no counter went back`,
  );
  run('ip', 'netns', 'delete', 'soak-1');
}

async function cycleNamespaces(host: AgentHost, cycles: number): Promise<void> {
  await host.desire(policyOf('cycle', 'cy-*', 100));
  host.startAgent();
  run('ip', 'netns', 'add', 'cy-first');
  await waitFor(() => bound('cy-first'));
  run('ip', 'netns', 'delete', 'cy-first');
  const seen: { agent: number; slab: number }[] = [];
  for (let done = 0; done < cycles;) {
    const to = Math.min(done + AT_ONCE, cycles);
    cycle(host, { from: done, to });
    if (done === 0 || to % LOOK_EVERY === 0 || to === cycles) seen.push(memory(host));
    done = to;
    tellProgress(`${done} of ${cycles} cycles`);
  }
  const binds = host.agent?.log.match(/"msg":"bind"/g)?.length ?? 0;
  say(
    `${cycles} cycles, ${binds - 1} of them bound before they were deleted`,
    `agent ${seen.map(({ agent }) => mib(agent)).join(' → ')}, slab ${seen.map(({ slab }) => mib(slab)).join(' → ')}`,
  );
  demand(binds >= cycles / 2, 'most namespaces were gone before the agent had bound them');
  demand(growth(seen.map(({ agent }) => agent)) < AGENT_GROWTH, 'the agent has grown');
  demand(growth(seen.map(({ slab }) => slab)) < SLAB_GROWTH, 'the kernel has grown');
  await host.agent?.end();
}

/**
 * By how much more there was in the second half than ever in the first. Of a heap, the most is what tells: between two collections of
 * garbage it fills up to where it does, and how much of that is seen is chance.
 */
function growth(seen: readonly number[]): number {
  const half = Math.ceil(seen.length / 2);
  return Math.max(...seen.slice(half)) - Math.max(...seen.slice(0, half));
}

/** By one process: to start two for each cycle takes longer, on an emulated processor, than the namespace does. */
function cycle(host: AgentHost, { from, to }: { from: number; to: number }): void {
  const input = Array.from({ length: to - from + LIVING }, (_, n) => {
    const [born, dead] = [from + n, from + n - LIVING];
    return `${born < to ? `netns add cy-${born}\n` : ''}${dead >= from ? `netns delete cy-${dead}\n` : ''}`;
  });
  execFileSync('ip', ['-batch', '-'], { input: input.join('') });
  host.agent?.assertRuns();
}

/** A counter on the other end sees nothing of what a namespace sends before its policy is in force. */
async function quarantineBirths(host: AgentHost, births: number): Promise<void> {
  demand(packetsOut() > 0, 'the counter sees nothing of a namespace that is not in quarantine, either');
  await host.desire(policyOf('quarantine', 'q-*', 10));
  host.startAgent('--quarantine', 'on');
  await waitFor(() => (withDevice((device) => device.info().quarantine) ? true : undefined));
  let sent = 0;
  for (let round = 0; round < births; round++) sent += packetsOut();
  say(`${births} births in quarantine`, `${sent} packets seen on the other end`);
  demand(sent === 0, 'packets left a namespace in quarantine');
  await host.agent?.end();
}

/** A process makes a namespace, wires it, and sends at once. Gives what the other end of the wire has received. */
function packetsOut(): number {
  const script = `
    ip link add q0 type veth peer name q1
    sysctl -qw net.ipv6.conf.q1.disable_ipv6=1
    ip link set q1 up; ip address add 10.8.0.1/24 dev q1
    iptables -w -t raw -F PREROUTING; iptables -w -t raw -A PREROUTING -i q1
    unshare --net sh -c 'nsenter -t 1 -n ip link set q0 netns $$
      ip link set q0 up; ip address add 10.8.0.2/24 dev q0
      ip neighbour add 10.8.0.1 lladdr $(nsenter -t 1 -n cat /sys/class/net/q1/address) dev q0
      ping -n -q -c 5 -i 0.01 -W 1 10.8.0.1 >/dev/null 2>&1; exit 0'
    iptables -w -t raw -L PREROUTING -v -x -n | awk '/q1/ {print $1}'
    ip link delete q1 2>/dev/null; exit 0`;
  return Number(run('sh', '-c', script).trim());
}

function bound(name: string): string | undefined {
  return find(name)?.binding?.digest;
}

function totals(name: string): { epoch: bigint; seen: bigint } {
  const listed = find(name);
  return { epoch: listed?.binding?.epoch ?? 0n, seen: listed?.totals.seen ?? 0n };
}

function find(name: string) {
  const { ino } = statSync(`/run/netns/${name}`);
  return withDevice((device) => device.list()).namespaces.find(({ inode }) => inode === ino);
}

function differing(digest: string | undefined, known: readonly string[]): string | undefined {
  return digest === undefined || known.includes(digest) ? undefined : digest;
}

/** After the dust has settled. */
function memory(host: AgentHost): { agent: number; slab: number } {
  sleepMs(10_000);
  run('sh', '-c', 'sync; echo 3 > /proc/sys/vm/drop_caches');
  const kib = Number(/^SUnreclaim:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  return { agent: host.agentMemory(), slab: kib * 1024 };
}

async function waitFor<T>(look: () => T | undefined): Promise<T> {
  for (const start = performance.now(); performance.now() - start < PATIENCE_MS;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not come about in two minutes');
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function run(program: string, ...rest: string[]): string {
  return execFileSync(program, rest, { encoding: 'utf8' });
}

function mib(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

/** The whole takes more than an hour: who waits for it wants to know. */
function tellProgress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function say(what: string, value: string): void {
  process.stdout.write(`${what}: ${value}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String((error as Error).stack)}\n`);
    process.exit(1);
  },
);
