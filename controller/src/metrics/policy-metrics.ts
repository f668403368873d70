/** Metrics of policies and of where they stand. */
import type { RealizationSummary } from '../host-registry/host-registry';
import { resourceId } from '../model/resource-name';
import { byLabel, gauge, type MetricFamily, type MetricSample, type MetricSource } from './exposition';
import { Top } from './top';

export interface PolicyMetricsOptions {
  /** Names of the policies that stand. */
  readonly policies: () => Iterable<string>;
  readonly summary: (policy: string) => RealizationSummary;
  /** Policies that may have series of their own. */
  readonly maxPolicies: number;
}

/** Weighs more than all that are pending. */
const FAILED_WEIGHT = 1e9;

/** Everything is read when it is asked for. */
export function policyMetrics({ policies, summary, maxPolicies }: PolicyMetricsOptions): MetricSource {
  return async function* (pace) {
    const sums = { enforced: 0, pending: 0, failed: 0 };
    const shown = new Top<RealizationSummary>(maxPolicies);
    let count = 0;
    for (const policy of policies()) {
      const one = summary(policy);
      count += 1;
      for (const state of STATES) sums[state] += one[state];
      shown.offer(one, one.failed * FAILED_WEIGHT + one.pending);
      if (pace.isDue()) await pace.rest();
    }
    yield gauge('nsgate_policies', 'Policies that stand.', count);
    yield gauge(
      'nsgate_policies_left_out',
      'Policies without series of their own, for --metrics-policies.',
      shown.leftOut,
    );
    yield {
      name: 'nsgate_realizations',
      help: 'Policies in namespaces of connected hosts, by where they stand.',
      type: 'gauge',
      samples: byLabel('state', Object.entries(sums)),
    };
    yield* familiesOf(shown);
  };
}

const STATES = ['enforced', 'pending', 'failed'] as const;

function* familiesOf(shown: Top<RealizationSummary>): Generator<MetricFamily> {
  const type = 'gauge';
  yield {
    name: 'nsgate_policy_realizations',
    help: 'As nsgate_realizations, of those with most failed, then most pending.',
    ...{ type, samples: realizations(shown.items()) },
  };
  yield {
    name: 'nsgate_policy_hosts',
    help: 'Connected hosts that the policy chooses, of the same policies.',
    ...{ type, samples: hosts(shown.items()) },
  };
}

function* realizations(shown: Iterable<RealizationSummary>): Generator<MetricSample> {
  for (const summary of shown) {
    const policy = resourceId(summary.policy);
    for (const state of STATES) yield { labels: { policy, state }, value: summary[state] };
  }
}

function* hosts(shown: Iterable<RealizationSummary>): Generator<MetricSample> {
  for (const summary of shown) yield { labels: { policy: resourceId(summary.policy) }, value: summary.hosts };
}
