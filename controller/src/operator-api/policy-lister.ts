/** ListPolicies: filters, orders and pages. */
import type { ListPoliciesRequest, ListPoliciesResponse } from '@nsgate/proto';
import type { HostRegistry } from '../host-registry/host-registry';
import type { PolicyHead } from '../model/policy';
import { hostIdOf } from '../model/resource-name';
import { selectsHost } from '../model/selector';
import { listKey } from '../policy-store/policy-list';
import type { ListOrder, PolicyStore } from '../policy-store/policy-store';
import { quote, Violations } from '../rpc/violations';
import { checkHostName, parseFilter } from './field-parsers';
import { pageTokenAfter, parsePage } from './page';
import { policyMessage } from './policy-message';
import { notFound } from './resource-errors';

/** Clients take 4 MiB by default; one policy, and any page of several, stays below. */
export const MAX_POLICY_BYTES = 3 << 20;

const ORDERS: ReadonlyMap<string, ListOrder['by']> = new Map([
  ['', 'name'],
  ['name', 'name'],
  ['priority', 'priority'],
  ['revision', 'revision'],
  ['update_time', 'update-time'],
]);

export async function listPolicies(
  { store, registry }: { store: PolicyStore; registry: HostRegistry },
  request: ListPoliciesRequest,
): Promise<ListPoliciesResponse> {
  const violations = new Violations();
  const list = `policies ${request.filter}\0${request.host}\0${request.orderBy}`;
  const { size, after } = parsePage(request, list, violations);
  const selector = parseFilter(request.filter, 'filter', violations);
  if (request.host !== '') checkHostName(request.host, 'host', violations);
  const order = parseOrder(request.orderBy, violations);
  violations.throwIfAny();
  const labels = request.host === '' ? undefined : registry.get(hostIdOf(request.host) ?? '')?.labels;
  if (request.host !== '' && labels === undefined) throw notFound(request.host);
  const where = (head: PolicyHead): boolean =>
    selectsHost(selector, head.labels) && (labels === undefined || selectsHost(head.hostSelector, labels));
  const { revision, policies, more } = await store.list({
    ...(after && { after: { value: Number(after[0] ?? 0), name: after[1] ?? '' } }),
    order,
    ...((selector.requirements.length > 0 || labels !== undefined) && { where }),
    limit: size,
    maxBytes: MAX_POLICY_BYTES,
  });
  const last = more ? policies.at(-1) : undefined;
  const key = last && listKey(last, order);
  return {
    policies: policies.map(policyMessage),
    nextPageToken: key === undefined ? '' : pageTokenAfter([String(key.value), key.name], list),
    revision,
  };
}

function parseOrder(text: string, violations: Violations): ListOrder {
  const [, name = '', descending] = /^(\w*)( desc)?$/.exec(text.trim()) ?? [];
  const by = text.trim() === '' || name !== '' ? ORDERS.get(name) : undefined;
  if (by === undefined) {
    const known = [...ORDERS.keys()].filter((key) => key !== '').join(', ');
    violations.add('order_by', `${quote(text)} is none of ${known}, nor one of them with desc behind it`);
  }
  return { by: by ?? 'name', descending: descending !== undefined };
}
