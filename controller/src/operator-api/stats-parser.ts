/** What requests about statistics have in common, from messages to the model. */
import {
  StatsDimension as WireDimension,
  StatsOrder as WireOrder,
  type StatsFilter as StatsFilterMessage,
} from '@nsgate/proto';
import { isLabelKey, LABEL_KEY_FORM } from '../model/label';
import { hostIdOf } from '../model/resource-name';
import { quote, type Violations } from '../rpc/violations';
import type { StatsOrder } from '../stats/stats-feed';
import type { StatsDimension, StatsFilter } from '../stats/stats-grouping';
import { checkCount, checkHostName, checkPolicyName, parseFilter, unknownEnum } from './field-parsers';

const MAX_FILTER = 1000;
const MAX_LABEL_KEYS = 8;

const DIMENSIONS: ReadonlyMap<WireDimension, StatsDimension> = new Map([
  [WireDimension.STATS_DIMENSION_HOST, 'host'],
  [WireDimension.STATS_DIMENSION_NAMESPACE, 'namespace'],
  [WireDimension.STATS_DIMENSION_POLICY, 'policy'],
  [WireDimension.STATS_DIMENSION_RULE, 'rule'],
  [WireDimension.STATS_DIMENSION_HOOK, 'hook'],
]);

const ORDERS: ReadonlyMap<WireOrder, StatsOrder> = new Map([
  [WireOrder.STATS_ORDER_UNSPECIFIED, 'packets'],
  [WireOrder.STATS_ORDER_PACKETS, 'packets'],
  [WireOrder.STATS_ORDER_BYTES, 'bytes'],
  [WireOrder.STATS_ORDER_STOPPED, 'stopped'],
]);

export function parseStatsFilter(
  message: StatsFilterMessage | undefined,
  violations: Violations,
): StatsFilter {
  const { hosts = [], namespaces = [], policies = [], ruleIds = [], hostLabels = '' } = message ?? {};
  for (const [name, list] of Object.entries({ hosts, namespaces, policies, rule_ids: ruleIds })) {
    checkCount(list, `filter.${name}`, { max: MAX_FILTER, violations });
  }
  for (const [i, host] of hosts.entries()) checkHostName(host, `filter.hosts[${i}]`, violations);
  for (const [i, policy] of policies.entries()) checkPolicyName(policy, `filter.policies[${i}]`, violations);
  return {
    ...{ hostIds: hosts.map((host) => hostIdOf(host) ?? ''), namespaces, policies, ruleIds },
    hosts: parseFilter(hostLabels, 'filter.host_labels', violations),
  };
}

export function parseDimensions(
  numbers: readonly WireDimension[],
  violations: Violations,
): Set<StatsDimension> {
  const dimensions = new Set<StatsDimension>();
  for (const [i, number] of numbers.entries()) {
    const dimension = DIMENSIONS.get(number);
    const field = `group_by[${i}]`;
    if (dimension === undefined) violations.add(field, unknownEnum('a dimension', number));
    else if (dimensions.has(dimension)) violations.add(field, 'stands there twice');
    else dimensions.add(dimension);
  }
  return dimensions;
}

export function parseLabelKeys(keys: readonly string[], violations: Violations): readonly string[] {
  checkCount(keys, 'group_by_labels', { max: MAX_LABEL_KEYS, violations });
  for (const [i, key] of keys.entries()) {
    const field = `group_by_labels[${i}]`;
    if (!isLabelKey(key)) violations.add(field, `${quote(key)} is not ${LABEL_KEY_FORM}`);
    else if (keys.indexOf(key) < i) violations.add(field, 'stands there twice');
  }
  return keys;
}

/** `counts`: what can be ordered by. */
export function parseStatsOrder(
  number: WireOrder,
  { hasTraffic }: { hasTraffic: boolean },
  violations: Violations,
): StatsOrder {
  const order = ORDERS.get(number);
  if (order === undefined) violations.add('order', unknownEnum('an order', number));
  else if (order === 'stopped' && !hasTraffic) {
    violations.add('order', 'is STOPPED, which is not counted for policies and rules');
  }
  return order ?? 'packets';
}

/** A number from 0 to `max`; 0 gives `otherwise`. */
export function parseLimit<Otherwise extends number | undefined>(
  count: number,
  field: string,
  { max, otherwise, violations }: { max: number; otherwise: Otherwise; violations: Violations },
): number | Otherwise {
  if (count < 0 || count > max) violations.add(field, `${count} is not from 0 to ${max}`);
  return count === 0 ? otherwise : count;
}
