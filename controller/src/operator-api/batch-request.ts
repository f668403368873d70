/** Requests to apply many resources at once: everything wrong with them is found together. */
import type {
  AddressSetApplication,
  ApplyResourcesRequest,
  BatchApplyPoliciesRequest,
  Policy as PolicyMessage,
} from '@nsgate/proto';
import { countPrefixes } from '../model/packed-prefixes';
import { isAddressSetName, isPolicyName } from '../model/resource-name';
import { quote, Violations } from '../rpc/violations';
import { MAX_MEMBER_CHANGES, parseMembers, parseSetText } from './address-set-message';
import { checkAddressSetName, checkPolicyName, checkText } from './field-parsers';
import { readPolicy } from './policy-reader';
import type { Batch, PolicyItem, SetItem } from './resource-batch';

const MAX_BATCH = 1000;

export function parsePolicyBatch(request: BatchApplyPoliciesRequest): Batch {
  const { policies, deleteNames, reason } = request;
  const violations = new Violations();
  checkText(reason, 'reason', violations);
  checkSize(policies.length + deleteNames.length, 'with delete_names', violations);
  const items = parsePolicies(policies, violations);
  for (const [i, name] of deleteNames.entries()) checkPolicyName(name, `delete_names[${i}]`, violations);
  checkDistinct({ ...request, addressSets: [] }, violations);
  violations.throwIfAny();
  return { policies: items, sets: [], deletions: deleteNames };
}

export function parseBatch(request: ApplyResourcesRequest): Batch {
  const { policies, addressSets, deleteNames, reason } = request;
  const violations = new Violations();
  checkText(reason, 'reason', violations);
  const count = policies.length + addressSets.length + deleteNames.length;
  checkSize(count, 'with address_sets and delete_names', violations);
  const items = parsePolicies(policies, violations);
  const sets = parseSets(addressSets, violations);
  for (const [i, name] of deleteNames.entries()) {
    if (isPolicyName(name) || isAddressSetName(name)) continue;
    violations.add(`delete_names[${i}]`, `${quote(name)} is the name of no policy and no address set`);
  }
  checkDistinct(request, violations);
  violations.throwIfAny();
  return { policies: items, sets, deletions: deleteNames };
}

function checkSize(count: number, beside: string, violations: Violations): void {
  if (count > MAX_BATCH) violations.add('policies', `${beside} has ${count} entries; at most ${MAX_BATCH}`);
}

function parsePolicies(policies: readonly PolicyMessage[], violations: Violations): PolicyItem[] {
  return policies.map((policy, i) => ({
    spec: readPolicy(policy, `policies[${i}]`, violations),
    etag: policy.etag,
  }));
}

function parseSets(applications: readonly AddressSetApplication[], violations: Violations): SetItem[] {
  const items = applications.map((one, i) => parseSet(one, `address_sets[${i}]`, violations));
  const members = items.reduce((sum, { add, remove }) => sum + countPrefixes(add) + countPrefixes(remove), 0);
  if (members > MAX_MEMBER_CHANGES) {
    violations.add('address_sets', `have ${members} members; at most ${MAX_MEMBER_CHANGES} in one call`);
  }
  return items;
}

function parseSet(
  { addressSet, add, remove, replace }: AddressSetApplication,
  field: string,
  violations: Violations,
): SetItem {
  if (addressSet === undefined) violations.add(`${field}.address_set`, 'is required');
  const { name = '', etag = '' } = addressSet ?? {};
  if (addressSet !== undefined) checkAddressSetName(name, `${field}.address_set.name`, violations);
  const text = parseSetText(addressSet, `${field}.address_set`, violations);
  const lists = parseMembers({ add, remove }, violations, field);
  if (replace && remove.length > 0) violations.add(`${field}.remove`, 'must be empty beside replace');
  return { set: { name, ...text }, etag, ...lists, replace };
}

function checkDistinct(
  {
    policies,
    addressSets,
    deleteNames,
  }: Pick<ApplyResourcesRequest, 'policies' | 'addressSets' | 'deleteNames'>,
  violations: Violations,
): void {
  const firstByName = new Map<string, string>();
  const named = [
    ...policies.map(({ name }, i) => [name, `policies[${i}].name`] as const),
    ...addressSets.map((one, i) => [one.addressSet?.name, `address_sets[${i}].address_set.name`] as const),
    ...deleteNames.map((name, i) => [name, `delete_names[${i}]`] as const),
  ];
  for (const [name, field] of named) {
    if (name === undefined) continue;
    const first = firstByName.get(name);
    if (first === undefined) firstByName.set(name, field);
    else violations.add(field, `${quote(name)} stands in ${first} already`);
  }
}
