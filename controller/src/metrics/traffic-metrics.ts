/** Metrics of what rules match and what becomes of packets. */
import { HOOKS } from '../model/policy';
import { resourceId } from '../model/resource-name';
import type { CounterLedger } from '../stats/counter-ledger';
import { trafficAt, type CellKind } from '../stats/counters';
import { defaultRuleId } from '../stats/default-verdict';
import type { StatsGroup, GroupedView } from '../stats/grouped-view';
import type { PacketLog } from '../stats/packet-log';
import type { RuleDirectory, RuleName } from '../stats/rule-directory';
import type { StatsDimension } from '../stats/stats-grouping';
import { gauge, type MetricFamily, type MetricSample, type MetricSource } from './exposition';
import type { Pace } from './pace';
import { Top } from './top';

export interface TrafficMetricsOptions {
  readonly ledger: CounterLedger;
  /** Live sums over all hosts by one dimension, of what rules or hooks count. */
  readonly viewBy: (dimension: StatsDimension, of: CellKind) => GroupedView;
  readonly rules: RuleDirectory;
  readonly packets: Pick<PacketLog, 'listen'>;
  /** Rules that may have series of their own. */
  readonly maxRules: number;
  readonly maxHosts: number;
}

/** Sums are kept as counters rise; a scrape reads them. */
export function trafficMetrics(options: TrafficMetricsOptions): MetricSource {
  const { ledger, viewBy, maxRules, maxHosts } = options;
  const [byRule, byHook, byHost] = [viewBy('rule', 'rule'), viewBy('hook', 'hook'), viewBy('host', 'hook')];
  const samples = countSamples(options.packets);
  return async function* (pace) {
    yield* hookFamilies(byHook);
    const hosts = await topHosts(byHost, maxHosts, pace);
    yield hostFamily(hosts);
    const rules = await topRules(options.rules, byRule, { limit: maxRules, pace });
    yield* ruleFamilies(rules, byRule);
    yield await defaultFamily(options.rules, byRule, { limit: maxRules, pace });
    yield gauge(
      'nsgate_rules_left_out',
      'Rules without series of their own, for --metrics-rules.',
      rules.leftOut,
    );
    yield* sampleFamilies(samples);
    yield gauge(
      'nsgate_counters',
      'Counters of rules in namespaces of hosts, and of hooks there, that are kept.',
      ledger.size('rule') + ledger.size('hook'),
    );
    yield gauge('nsgate_counters_memory_bytes', 'That they take.', ledger.bytes);
  };
}

function countSamples(packets: Pick<PacketLog, 'listen'>): { told: number; lost: number } {
  const samples = { told: 0, lost: 0 };
  packets.listen((told) => {
    if ('lost' in told) samples.lost += Number(told.lost);
    else samples.told += 1;
  });
  return samples;
}

async function topHosts(view: GroupedView, limit: number, pace: Pace): Promise<Top<StatsGroup>> {
  const top = new Top<StatsGroup>(limit);
  for (let number = 0; number < view.size; number++) {
    const group = view.group(number);
    const { dropped = 0n, rejected = 0n } = group.traffic ?? {};
    top.offer(group, Number(dropped + rejected));
    if (pace.isDue()) await pace.rest();
  }
  return top;
}

/** Of rules that stand: those that are gone have no series any more. Makes no objects for those that are left out. */
async function topRules(
  rules: RuleDirectory,
  view: GroupedView,
  { limit, pace }: { limit: number; pace: Pace },
): Promise<Top<RuleName>> {
  const top = new Top<RuleName>(limit);
  for (const rule of rules.inForce()) {
    const number = view.numberOf(rule);
    top.offer(rule, number === undefined ? 0 : Number(view.packets(number)));
    if (pace.isDue()) await pace.rest();
  }
  return top;
}

const NO_TRAFFIC = trafficAt(() => 0n);
const VERDICTS = { accept: 'accepted', drop: 'dropped', reject: 'rejected' } as const;

function* hookFamilies(view: GroupedView): Generator<MetricFamily> {
  const groups = Array.from({ length: view.size }, (_, number) => view.group(number));
  const byHook = new Map(groups.map(({ key, traffic }) => [key.hook, traffic]));
  // Before anything was counted, too: what is missing cannot be seen to rise.
  const hooks = HOOKS.map((hook) => ({ hook, traffic: byHook.get(hook) ?? NO_TRAFFIC }));
  const type = 'counter';
  yield {
    ...{ name: 'nsgate_packets_total', help: 'Packets in namespaces with a ruleset, by verdict.', type },
    samples: hooks.flatMap(({ hook, traffic }) =>
      Object.entries(VERDICTS).map(([verdict, counted]) => ({
        labels: { hook, verdict },
        value: traffic[counted],
      })),
    ),
  };
  yield {
    name: 'nsgate_shadow_stopped_packets_total',
    help: 'Packets that a shadow rule would have stopped.',
    type,
    samples: hooks.map(({ hook, traffic }) => ({ labels: { hook }, value: traffic.shadowDropped })),
  };
  yield {
    name: 'nsgate_defaulted_packets_total',
    help: 'Packets that no rule decided, but a default verdict; each is in nsgate_packets_total, too.',
    type,
    samples: hooks.map(({ hook, traffic }) => ({ labels: { hook }, value: traffic.defaulted })),
  };
  yield {
    name: 'nsgate_malformed_packets_total',
    help: 'Packets with short or inconsistent headers; each is in nsgate_packets_total, too.',
    type,
    samples: hooks.map(({ hook, traffic }) => ({ labels: { hook }, value: traffic.malformed })),
  };
}

/** Of policies that stand, as far as anything was decided so: no more than rules may have. */
async function defaultFamily(
  rules: RuleDirectory,
  view: GroupedView,
  { limit, pace }: { limit: number; pace: Pace },
): Promise<MetricFamily> {
  const samples: MetricSample[] = [];
  for (const policy of rules.policies()) {
    for (const verdict of ['accept', 'drop'] as const) {
      const number = view.numberOf({ policy, ruleId: defaultRuleId(verdict) });
      if (number === undefined || samples.length >= limit) continue;
      samples.push({ labels: { policy: resourceId(policy), verdict }, value: view.packets(number) });
    }
    if (pace.isDue()) await pace.rest();
  }
  return {
    name: 'nsgate_policy_default_packets_total',
    help: 'Packets that no rule decided, but the default verdict that the policy states.',
    ...{ type: 'counter', samples },
  };
}

function hostFamily(hosts: Top<StatsGroup>): MetricFamily {
  return {
    name: 'nsgate_host_packets_total',
    help: 'As nsgate_packets_total over all hooks, of the hosts that have stopped most.',
    type: 'counter',
    samples: hostSamples(hosts.items()),
  };
}

function* hostSamples(hosts: Iterable<StatsGroup>): Generator<MetricSample> {
  for (const { key, traffic } of hosts) {
    for (const [verdict, counted] of Object.entries(VERDICTS)) {
      yield { labels: { host: key.hostId, verdict }, value: traffic?.[counted] ?? 0 };
    }
  }
}

function* ruleFamilies(rules: Top<RuleName>, view: GroupedView): Generator<MetricFamily> {
  const type = 'counter';
  yield {
    ...{ name: 'nsgate_rule_packets_total', help: 'Packets that the rule matched on all hosts.', type },
    samples: ruleSamples(rules.items(), (number) => view.group(number).counters.packets),
  };
  yield {
    ...{ name: 'nsgate_rule_bytes_total', help: 'Their bytes, from the network header on.', type },
    samples: ruleSamples(rules.items(), (number) => view.group(number).counters.bytes),
  };
  yield {
    name: 'nsgate_rule_shadow_packets_total',
    help: 'Those of the packets that the rule counted in shadow, without acting.',
    type,
    samples: ruleSamples(rules.items(), (number) => view.group(number).counters.shadowPackets),
  };

  function* ruleSamples(
    shown: Iterable<RuleName>,
    read: (number: number) => bigint,
  ): Generator<MetricSample> {
    for (const rule of shown) {
      const number = view.numberOf(rule);
      const labels = { policy: resourceId(rule.policy), rule: rule.ruleId };
      yield { labels, value: number === undefined ? 0 : read(number) };
    }
  }
}

function* sampleFamilies({ told, lost }: { told: number; lost: number }): Generator<MetricFamily> {
  const type = 'counter';
  yield {
    ...{ name: 'nsgate_packet_samples_total', help: 'Sampled packets that hosts told of.', type },
    samples: [{ value: told }],
  };
  yield {
    name: 'nsgate_packet_samples_lost_total',
    help: 'Sampled packets that kernels or agents had no room for.',
    ...{ type, samples: [{ value: lost }] },
  };
}
