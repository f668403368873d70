/** Metrics of hosts and their namespaces, summed over the fleet. */
import type { HostEventLog } from '../host-registry/host-event-log';
import type { HostStanding } from '../host-registry/host-health-table';
import type { HostEventKind, NamespaceState } from '../model/host';
import { byLabel, gauge, type MetricFamily, type MetricSample, type MetricSource } from './exposition';
import type { Pace } from './pace';
import { QuarantineWatch } from './quarantine-watch';
import { Top } from './top';

export interface HostMetricsOptions {
  readonly registry: { standings(): Iterable<HostStanding>; readonly events: Pick<HostEventLog, 'listen'> };
  /** Hosts that may have series of their own. */
  readonly maxHosts: number;
}

/** A connected agent reports at least every 15 s: one that has not for so long is stale. */
export const STALE_MS = 60_000;

const NO_NAMESPACES: Readonly<Record<NamespaceState, number>> = {
  ...{ ready: 0, placeholder: 0, alias: 0, stray: 0, guarded: 0, shadowed: 0, quarantined: 0, lingering: 0 },
};
const NO_EVENTS: Readonly<Record<HostEventKind, number>> = {
  ...{ 'drift-repaired': 0, 'module-reloaded': 0, 'module-unusable': 0, 'state-file': 0 },
  'quarantine-released': 0,
};

/** Reads the registry when it is asked, but for events, which are counted as they come. */
export function hostMetrics({ registry, maxHosts }: HostMetricsOptions): MetricSource {
  const events = { ...NO_EVENTS };
  registry.events.listen((told) => {
    if ('reported' in told) events[told.reported.event.kind] += 1;
  });
  const quarantine = new QuarantineWatch();
  return async function* (pace) {
    const sums = new HostSums(maxHosts);
    await sums.addAll(registry.standings(), { quarantine, pace });
    yield* sums.families();
    yield gauge(
      'nsgate_quarantine_oldest_seconds',
      'For how long the namespace that is in quarantine longest has been seen there; 0 for none.',
      quarantine.oldestSeconds(),
    );
    yield {
      name: 'nsgate_host_events_total',
      help: 'What agents told of.',
      type: 'counter',
      samples: byLabel('kind', Object.entries(events)),
    };
  };
}

class HostSums {
  readonly #hosts = { connected: 0, disconnected: 0 };
  readonly #namespaces = { ...NO_NAMESPACES };
  #behind = 0;
  #stale = 0;
  #withoutModule = 0;
  #quarantined = 0;
  #moduleMemory = 0;
  #lostBindings = 0;
  readonly #silent: Top<HostStanding>;

  constructor(maxHosts: number) {
    this.#silent = new Top(maxHosts);
  }

  async addAll(
    standings: Iterable<HostStanding>,
    { quarantine, pace }: { quarantine: QuarantineWatch; pace: Pace },
  ): Promise<void> {
    quarantine.begin();
    for (const host of standings) {
      this.#add(host);
      for (const { state, birthId } of host.connected ? host.namespaces.values() : []) {
        this.#namespaces[state] += 1;
        if (state === 'quarantined') quarantine.see(host.hostId, birthId);
        if (pace.isDue()) await pace.rest();
      }
      if (pace.isDue()) await pace.rest();
    }
    quarantine.end();
  }

  *families(): Generator<MetricFamily> {
    const type = 'gauge';
    yield {
      ...{ name: 'nsgate_hosts', help: 'Hosts that ever connected, by whether they are now.', type },
      samples: byLabel('state', Object.entries(this.#hosts)),
    };
    yield {
      ...{
        name: 'nsgate_namespaces',
        help: 'Namespaces of connected hosts, as their agents see them.',
        type,
      },
      samples: byLabel('state', Object.entries(this.#namespaces)),
    };
    yield {
      name: 'nsgate_host_silent_seconds',
      help: 'Since the host reported counters last: those disconnected or stale that are silent longest.',
      ...{ type, samples: this.#silentSamples() },
    };
    for (const [name, help, value] of this.#numbers()) yield gauge(name, help, value);
  }

  #add(host: HostStanding): void {
    const { connected, isLevel, health, sinceCountersMs } = host;
    const isStale = connected && sinceCountersMs > STALE_MS;
    if (isStale || !connected) this.#silent.offer(host, sinceCountersMs);
    this.#hosts[connected ? 'connected' : 'disconnected'] += 1;
    if (!connected) return;
    this.#behind += Number(!isLevel);
    this.#stale += Number(isStale);
    this.#withoutModule += Number(health?.moduleLoaded === false);
    this.#quarantined += health?.quarantined ?? 0;
    this.#moduleMemory += Number(health?.moduleMemoryBytes ?? 0n);
    this.#lostBindings += health?.lostBindings ?? 0;
  }

  #numbers(): (readonly [name: string, help: string, value: number])[] {
    return [
      ['nsgate_hosts_behind', 'Connected hosts that do not hold everything that they should.', this.#behind],
      [
        'nsgate_hosts_stale',
        `Connected hosts that have reported no counters for ${STALE_MS / 1000} s.`,
        this.#stale,
      ],
      [
        'nsgate_hosts_without_module',
        'Connected hosts whose kernel module is not loaded.',
        this.#withoutModule,
      ],
      [
        'nsgate_quarantined_namespaces',
        'Namespaces of connected hosts that drop everything until a policy is bound.',
        this.#quarantined,
      ],
      [
        'nsgate_module_memory_bytes',
        'That kernel modules of connected hosts hold in rulesets and counters.',
        this.#moduleMemory,
      ],
      [
        'nsgate_lost_bindings',
        'Bindings of connected hosts that ended and whose last counts their modules had no room for, since these were loaded.',
        this.#lostBindings,
      ],
    ];
  }

  *#silentSamples(): Generator<MetricSample> {
    for (const { hostId, sinceCountersMs } of this.#silent.items()) {
      yield { labels: { host: hostId }, value: sinceCountersMs / 1000 };
    }
  }
}
