/** The agent's metrics, for Prometheus. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { HostEvents } from '../host-events/host-events';
import type { AgentStatus } from './status';

export interface MetricsOptions {
  status: () => AgentStatus;
  events: HostEvents;
}

/**
 * Those of prom-client, but for the delays of the event loop: to measure them takes a timer, each 10 ms by default, which is what an agent that
 * has nothing to do would mostly do. There is no way to leave them out, so the timer is made as slow as it may be.
 */
function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: 60_000 });
  for (const { name } of register.getMetricsAsArray())
    if (/^nodejs_eventloop_lag_.+_seconds$/.test(name)) register.removeSingleMetric(name);
}

/** What is counted as it happens; everything else is read when it is asked for. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #passes: Histogram<'kind'>;

  constructor(private readonly options: MetricsOptions) {
    collectProcessMetrics(this.#registry);
    this.#passes = new Histogram({
      name: 'nsgate_agent_pass_seconds',
      help: 'Time of a pass of the reconcile loop',
      labelNames: ['kind'],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
      registers: [this.#registry],
    });
    this.#readGauges();
    this.#readEvents();
  }

  /** A pass of the reconcile loop has ended. */
  observePass(kind: 'quick' | 'whole', durationMs: number): void {
    this.#passes.observe({ kind }, durationMs / 1000);
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #readGauges(): void {
    this.#gauge('kernel_up', 'Whether the kernel module can be programmed', ({ kernel }) =>
      Number(kernel.obstacle === undefined),
    );
    this.#gauge(
      'controller_in_sync',
      'Whether a controller has said that the host is in sync',
      ({ controller }) => Number(controller.state === 'in sync'),
    );
    this.#gauge('state_complete', 'Whether all that is wanted is known', ({ state }) =>
      Number(state.complete),
    );
    this.#gauge('state_storable', 'Whether changes of the desired state can be stored', ({ state }) =>
      Number(state.storingFault === undefined),
    );
    this.#gauge(
      'identity_good',
      'Whether nothing is wrong with the certificate of this host',
      ({ identity }) => Number(identity.trouble === undefined),
    );
    this.#gauge(
      'certificate_expiration_timestamp_seconds',
      'Unix time at which the certificate of this host runs out',
      ({ identity: { certificate } }) => certificate && Date.parse(certificate.notAfter) / 1000,
    );
    this.#gauge('policies', 'Policies held', ({ state }) => state.policies);
    this.#gauge('address_sets', 'Address sets held', ({ state }) => state.addressSets);
    this.#gaugeBy('namespaces', 'Namespaces by what the agent makes of them', ({ namespaces }) =>
      namespaces.map(({ state }) => state),
    );
    this.#gaugeBy('realizations', 'Policies in namespaces by where they stand', ({ namespaces }) =>
      namespaces.flatMap(({ policies }) => policies.map(({ state }) => state)),
    );
  }

  #readEvents(): void {
    const { events } = this.options;
    new Counter({
      name: 'nsgate_agent_host_events_total',
      help: 'Events that operators should know of',
      labelNames: ['kind'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [kind, count] of events.counts) this.inc({ kind }, count);
      },
    });
  }

  /** Shown while there is a number. */
  #gauge(name: string, help: string, read: (status: AgentStatus) => number | undefined): void {
    const { status } = this.options;
    new Gauge({
      name: `nsgate_agent_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        const value = read(status());
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }

  #gaugeBy(name: string, help: string, read: (status: AgentStatus) => string[]): void {
    const { status } = this.options;
    new Gauge({
      name: `nsgate_agent_${name}`,
      help,
      labelNames: ['state'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const state of read(status())) this.inc({ state });
      },
    });
  }
}
