/**
 * What statistics cost the controller, and how late they are: `npm run bench:stats`. Simulated agents speak to the real controller over TLS,
 * each by a connection and a certificate of its own, while an operator watches all hosts and Prometheus scrapes. The same load goes to a
 * server that reads nothing of it, to compare with.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  clientCredentials,
  CreatePolicyRequest,
  Hook,
  ruleKey,
  type Policy,
  type TlsFiles,
} from '@nsgate/proto';
import { Action } from '@nsgate/proto';
import { Command, InvalidArgumentError } from 'commander';
import {
  buildController,
  Clients,
  ControllerProcess,
  unary,
} from '../../controller/src/controller-process.testing';
import { createLocalCa, type LocalCa } from '../../deploy/certificates/local-ca';
import { cacheFolder } from '../vm/cache-folder';
import { VmError } from '../vm/vm-error';
import { demandWritable, writeResults } from './output-file';
import { AgentFleet } from './stats/agent-fleet';
import { readMetrics } from './stats/metrics-reader';
import { processorSeconds } from './stats/process-time';
import { statsReport, type Measured } from './stats/report';
import { Watcher } from './stats/watcher';

export interface StatsBenchOptions {
  readonly hosts: number;
  /** Of each host; all rise with every report. */
  readonly counters: number;
  /** Seconds between the reports of a host. */
  readonly interval: number;
  /** How many are measured, after two that are not. */
  readonly intervals: number;
  readonly json?: string;
}

const WARM_UP = 2;
/** Prometheus' default is a minute; 15 s is usual. */
const SCRAPE_MS = 15_000;

class Bench {
  #ca!: LocalCa;
  #hosts = new Map<string, TlsFiles>();

  constructor(private readonly options: StatsBenchOptions) {}

  async run(): Promise<boolean> {
    demandWritable(this.options.json);
    buildController();
    // Kept: thousands of certificates take longer to make than to use.
    this.#ca = await createLocalCa(join(cacheFolder(), 'bench', 'certificates'));
    await this.#issue();
    const measured = { ...this.options, ...(await this.#controller()), sinkShare: await this.#sink() };
    const { text, holds, json } = statsReport(measured);
    process.stdout.write(text);
    if (this.options.json !== undefined) {
      writeResults(this.options.json, `${JSON.stringify(json, null, 2)}\n`);
    }
    return holds;
  }

  async #issue(): Promise<void> {
    say(`making ${this.options.hosts} certificates`);
    for (let i = 0; i < this.options.hosts; i++) {
      const id = `host-${i}`;
      this.#hosts.set(id, await this.#ca.issue({ name: id, identity: { kind: 'host', id } }));
    }
  }

  async #controller(): Promise<Omit<Measured, keyof StatsBenchOptions | 'sinkShare'>> {
    const controller = new ControllerProcess();
    const limits = ['--max-connections-per-address', '20000', '--connection-rate', '20000'];
    await controller.start(await this.#serverFiles(), [...limits, '--metrics-listen', '127.0.0.1:0']);
    const files = await this.#ca.issue({ name: 'operator', identity: { kind: 'operator', id: 'bench' } });
    const operator = new Clients(`127.0.0.1:${controller.port}`, clientCredentials(files));
    try {
      return await this.#load(controller, operator);
    } finally {
      operator.close();
      await controller.remove();
    }
  }

  async #load(
    controller: ControllerProcess,
    operator: Clients,
  ): Promise<Omit<Measured, keyof StatsBenchOptions | 'sinkShare'>> {
    const ruleKeys = await this.#makePolicy(operator);
    say(`connecting ${this.options.hosts} hosts to the controller`);
    const fleet = await AgentFleet.connect(controller.port, this.#hosts, ruleKeys);
    const watcher = new Watcher(operator, fleet);
    const stop = watcher.start();
    const metricsPort = Number(controller.log.find(({ msg }) => msg === 'metrics are told')?.port);
    const pauses: number[] = [];
    const scrapes = setInterval(() => void scrape(metricsPort, pauses), SCRAPE_MS);
    const share = await this.#measure(fleet, controller.pid, () => (watcher.lags = []));
    // What was reported last is on its way.
    await setTimeout(2000);
    clearInterval(scrapes);
    const metrics = await scrape(metricsPort, pauses);
    watcher.assertAllSeen();
    stop();
    fleet.close();
    return {
      ...{ share, lags: watcher.lags, missed: Number(watcher.missed), longestPauseMs: Math.max(...pauses) },
      counterBytes:
        (metrics.get('nsgate_counters_memory_bytes') ?? NaN) / (metrics.get('nsgate_counters') ?? NaN),
      residentBytes: metrics.get('process_resident_memory_bytes') ?? NaN,
    };
  }

  /** Share of a processor that the same load takes where it is not read. */
  async #sink(): Promise<number> {
    const { cert, key, ca } = await this.#serverFiles();
    const sink = fork(join(__dirname, 'stats/sink.ts'), [cert, key, ca], { execArgv: ['--import', 'tsx'] });
    const [{ port }] = (await once(sink, 'message')) as [{ port: number }];
    say(`connecting ${this.options.hosts} hosts to a server that reads nothing`);
    const keys = Array.from({ length: this.options.counters }, (_, i) => ruleKey('bench', `rule-${i}`));
    const fleet = await AgentFleet.connect(port, this.#hosts, keys);
    try {
      return await this.#measure(fleet, sink.pid ?? 0, () => undefined);
    } finally {
      fleet.close();
      sink.disconnect();
    }
  }

  /** Share of a processor that the process takes once it is warm, which `onWarm` is told. */
  async #measure(fleet: AgentFleet, pid: number, onWarm: () => void): Promise<number> {
    const { interval, intervals } = this.options;
    say(`reporting for ${(WARM_UP + intervals) * interval} s`);
    let [start, used] = [0, 0];
    await fleet.report(WARM_UP + intervals, interval * 1000, (number) => {
      if (number !== WARM_UP) return;
      [start, used] = [performance.now(), processorSeconds(pid)];
      onWarm();
    });
    return (processorSeconds(pid) - used) / ((performance.now() - start) / 1000);
  }

  async #makePolicy(operator: Clients): Promise<bigint[]> {
    const rules = Array.from({ length: this.options.counters }, (_, i) => ({
      ...{ id: `rule-${i}`, hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP },
      match: { protocol: 'tcp', destinationPorts: [String(1000 + i)] },
    }));
    const request = CreatePolicyRequest.fromPartial({
      policyId: 'bench',
      policy: { namespaces: { include: ['tenant-*'] }, rules },
    });
    const { uid } = await unary<Policy>((done) => operator.policies.createPolicy(request, done));
    return rules.map(({ id }) => ruleKey(uid, id));
  }

  #serverFiles(): Promise<TlsFiles> {
    const identity = { kind: 'controller', id: 'c' } as const;
    return this.#ca.issue({ name: 'c', identity, ipAddresses: ['127.0.0.1'] });
  }
}

/** Notes down how long the event loop stood still at most since the last time. */
async function scrape(port: number, pauses: number[]): Promise<ReadonlyMap<string, number>> {
  const metrics = await readMetrics(port);
  pauses.push((metrics.get('nodejs_eventloop_lag_max_seconds') ?? NaN) * 1000);
  return metrics;
}

function say(what: string): void {
  process.stderr.write(`bench:stats: ${what}\n`);
}

function count(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a whole number from 1 to 999999');
}

const options = new Command('bench:stats')
  .description('Measures what statistics of many hosts cost the controller, and how late they are.')
  .option('--hosts <n>', 'simulated agents', count, 5000)
  .option('--counters <n>', 'of each host, all of which change', count, 100)
  .option('--interval <seconds>', 'between the reports of a host', count, 5)
  .option('--intervals <n>', 'to measure', count, 8)
  .option('--json <file>', 'also write the results as JSON')
  .parse()
  .opts<StatsBenchOptions>();

// By process.exit(): a bench that failed leaves hosts and streams open, and they would keep the program running.
new Bench(options).run().then(
  (holds) => process.exit(holds ? 0 : 1),
  (error: unknown) => {
    if (error instanceof VmError) {
      say(error.message);
      process.exit(error.status);
    }
    process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
    process.exit(1);
  },
);
