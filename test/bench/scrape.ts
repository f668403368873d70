/**
 * For how long a scrape holds up the loop of a controller of many hosts: `npm run bench:scrape`. Everything that metrics are read from is in
 * this process, filled as a fleet would; for each host there is a connection, whose other end is a process of its own.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ruleKey } from '@nsgate/proto';
import { Command, InvalidArgumentError } from 'commander';
import { MetricsSite } from '../../controller/src/metrics/metrics-site.testing';
import { bindingReport } from '../../controller/src/stats/binding-report.testing';

interface ScrapeBenchOptions {
  readonly hosts: number;
  readonly policies: number;
  readonly scrapes: number;
}

interface Scrape {
  /** The longest time between two turns of the loop in which its thread ran; milliseconds. */
  readonly pauseMs: number;
  readonly tookMs: number;
  readonly body: string;
}

const RULES = 10;
/** Before code is compiled for speed. */
const WARM_UP = 3;
const MOST_PAUSE_MS = 20;
const CONNECTING_AT_ONCE = 64;

function fill(site: MetricsSite, { hosts, policies }: ScrapeBenchOptions): void {
  const ids = Array.from({ length: RULES }, (_, rule) => `r${rule}`);
  for (let policy = 0; policy < policies; policy++) site.policy(`p${policy}`, ...ids);
  for (let host = 0; host < hosts; host++) {
    site.host(`h${host}`);
    const counts = ids.map((id, i) => ({
      key: ruleKey(`p${host % policies}`, id),
      packets: BigInt(i + host),
    }));
    const traffic = { hooks: ['input' as const], accepted: [1n], dropped: [BigInt(host)], rejected: [0n] };
    const rest = { shadowDropped: [0n], malformed: [0n] };
    site.ledger.ingest(`h${host}`, bindingReport(1n, counts, { ...traffic, ...rest }));
  }
}

/** Gives what ends them. */
async function openConnections(count: number): Promise<() => void> {
  const peer = fork(join(__dirname, 'stats/accepting-peer.ts'), [], { execArgv: ['--import', 'tsx'] });
  const [{ port }] = (await once(peer, 'message')) as [{ port: number }];
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(CONNECTING_AT_ONCE, count - sockets.length) }, () =>
      connect(port, '127.0.0.1'),
    );
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    sockets.push(...some);
  }
  return () => {
    for (const socket of sockets) socket.destroy();
    peer.disconnect();
  };
}

async function scrape(site: MetricsSite): Promise<Scrape> {
  const [start, state] = [performance.now(), { isDone: false, pauseMs: 0 }];
  const asked = site.ask('/metrics').finally(() => (state.isDone = true));
  for (let last = threadMs(); !state.isDone; last = threadMs()) {
    await setImmediate();
    state.pauseMs = Math.max(state.pauseMs, threadMs() - last);
  }
  const { body } = await asked;
  return { pauseMs: state.pauseMs, tookMs: performance.now() - start, body };
}

/** Of the loop's thread: without what else the machine does, and the collector's helpers. proc(5), schedstat. */
function threadMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

async function run(options: ScrapeBenchOptions): Promise<boolean> {
  const site = await new MetricsSite().listen();
  fill(site, options);
  const close = await openConnections(options.hosts);
  const scrapes: Scrape[] = [];
  for (let i = 0; i < WARM_UP + options.scrapes; i++) scrapes.push(await scrape(site));
  close();
  await site.server.stop();
  const measured = scrapes.slice(WARM_UP);
  const pauses = inOrder(measured.map(({ pauseMs }) => pauseMs));
  const times = inOrder(measured.map(({ tookMs }) => tookMs));
  const body = measured.at(-1)?.body ?? '';
  const series = body.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  const longest = pauses.at(-1) ?? Infinity;
  const holds = longest < MOST_PAUSE_MS;
  process.stdout.write(
    [
      `${options.hosts} hosts, each on a connection; ${options.policies * RULES} rules of ${options.policies} policies; ${measured.length} scrapes`,
      `${holds ? 'ok  ' : 'OVER'} the loop was held up: median ${shown(middle(pauses))} ms, longest ${shown(longest)} ms (below ${MOST_PAUSE_MS} ms)`,
      `     a scrape took: median ${shown(middle(times))} ms, longest ${shown(times.at(-1))} ms`,
      `     series: ${series}, in ${(body.length / 2 ** 20).toFixed(1)} MiB`,
      '',
    ].join('\n'),
  );
  return holds;
}

const inOrder = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const middle = (sorted: readonly number[]): number | undefined => sorted[Math.floor(sorted.length / 2)];
const shown = (ms: number | undefined): string => (ms ?? NaN).toFixed(1);

function count(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a whole number from 1 to 999999');
}

const options = new Command('bench:scrape')
  .description('Measures for how long a scrape holds up the loop of a controller of many hosts.')
  .option('--hosts <n>', 'each has a connection', count, 10_000)
  .option('--policies <n>', `of ${RULES} rules each`, count, 10_000)
  .option('--scrapes <n>', `to measure, after ${WARM_UP} that are not`, count, 20)
  .parse()
  .opts<ScrapeBenchOptions>();

run(options).then(
  (holds) => process.exit(holds ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
    process.exit(1);
  },
);
