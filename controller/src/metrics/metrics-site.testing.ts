/** All that metrics are read from, and the server that tells them, for tests. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ruleKey } from '@nsgate/proto';
import { pino } from 'pino';
import { HostRegistry } from '../host-registry/host-registry';
import { ANY_PACKET } from '../model/match';
import { CounterLedger } from '../stats/counter-ledger';
import { PacketLog } from '../stats/packet-log';
import { RuleDirectory } from '../stats/rule-directory';
import { StatsFeed } from '../stats/stats-feed';
import { EVERYTHING } from '../stats/stats-grouping';
import { buildInfo } from './build-info';
import type { MetricSource } from './exposition';
import { hostMetrics } from './host-metrics';
import { MetricsServer } from './metrics-server';
import { policyMetrics } from './policy-metrics';
import { processMetrics } from './process-metrics';
import { trafficMetrics } from './traffic-metrics';

const LIMITS = { maxHosts: 20, maxPolicies: 1000, maxRules: 10_000 };

export class MetricsSite {
  readonly registry = new HostRegistry({
    load: () => [],
    save: () => undefined,
    remove: () => undefined,
    close: () => undefined,
  });
  readonly rules = new RuleDirectory(ruleKey);
  readonly ledger = new CounterLedger({ rules: this.rules, onOddity: () => undefined });
  readonly packets = new PacketLog();
  readonly server: MetricsServer;
  port = 0;

  constructor(limits: Partial<typeof LIMITS> = {}, more: readonly MetricSource[] = []) {
    const { registry, rules, ledger, packets } = this;
    const feed = new StatsFeed({ ledger, labelsOf: () => new Map(), onWatched: () => undefined });
    const bounds = { ...LIMITS, ...limits };
    const sources = [
      buildInfo('1'),
      hostMetrics({ registry, ...bounds }),
      policyMetrics({
        policies: () => rules.policies(),
        summary: (policy) => registry.summary(policy),
        ...bounds,
      }),
      trafficMetrics({
        viewBy: (one, of) => feed.keep({ filter: EVERYTHING, groupBy: new Set([one]), labelKeys: [] }, of),
        ...{ ledger, rules, packets, ...bounds },
      }),
      ...more,
    ];
    this.server = new MetricsServer({
      ...{ address: '127.0.0.1:0', sources, process: processMetrics(), logger: pino({ level: 'silent' }) },
    });
  }

  async listen(): Promise<this> {
    this.port = await this.server.listen();
    return this;
  }

  policy(id: string, ...ruleIds: string[]): void {
    const action = { kind: 'count' } as const;
    const rules = ruleIds.map((rule) => ({
      ...{ id: rule, comment: '', hook: 'input' as const, match: ANY_PACKET, action },
    }));
    this.rules.put({ name: `policies/${id}`, uid: id, rules });
  }

  host(id: string): void {
    this.registry.connect({
      ...{ id, labels: new Map(), agentVersion: '1', moduleVersion: '1', kernelRelease: '6.1', bootId: 'b' },
    });
  }

  async ask(path: string): Promise<{ status: number | undefined; body: string; type: string | undefined }> {
    const [response] = (await once(get({ host: '127.0.0.1', port: this.port, path }), 'response')) as [
      IncomingMessage,
    ];
    return {
      status: response.statusCode,
      body: await text(response),
      type: response.headers['content-type'],
    };
  }

  /** Lines that are of the metric. */
  async lines(name: string): Promise<string[]> {
    const { body } = await this.ask('/metrics');
    return body.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  }
}
