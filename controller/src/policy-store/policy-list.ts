/** Filtering and ordering of lists of policies, without their rules. Pure. */
import type { PolicyHead } from '../model/policy';
import { compareText } from '../model/resource-name';
import type { ListKey, ListOrder, PageRequest } from './policy-store';

const BY_NAME: ListOrder = { by: 'name', descending: false };
const TIER_SPAN = 10_000;
const TIER_PLACES: Readonly<Record<PolicyHead['tier'], number>> = {
  emergency: 1,
  security: 2,
  platform: 3,
  default: 4,
  baseline: 5,
};

/** Those that are wanted, in the order that is wanted, from behind `after`. */
export function selectHeads(
  heads: Iterable<PolicyHead>,
  { after, order = BY_NAME, where }: Pick<PageRequest, 'after' | 'order' | 'where'>,
): PolicyHead[] {
  const compare = comparator(order);
  const keyed = [...heads].map((head) => ({ head, key: listKey(head, order) }));
  return keyed
    .filter(({ head, key }) => (after === undefined || compare(key, after) > 0) && (where?.(head) ?? true))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ head }) => head);
}

/** Where a policy stands in a list of this order. */
export function listKey(
  head: Pick<PolicyHead, 'name' | 'tier' | 'priority' | 'revision' | 'updateTime'>,
  { by }: ListOrder = BY_NAME,
): ListKey {
  const { name } = head;
  switch (by) {
    case 'name':
      return { value: 0, name };
    case 'priority':
      return { value: TIER_PLACES[head.tier] * TIER_SPAN + head.priority, name };
    case 'revision':
      return { value: Number(head.revision), name };
    case 'update-time':
      return { value: head.updateTime.getTime(), name };
  }
}

function comparator({ by, descending }: ListOrder): (a: ListKey, b: ListKey) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    if (by === 'name') return sign * compareText(a.name, b.name);
    return sign * (a.value - b.value) || compareText(a.name, b.name);
  };
}
