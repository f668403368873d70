/** nsgate.v1.FleetService. */
import {
  FleetServiceService,
  RealizationState,
  type Host as HostMessage,
  type ListHostsRequest,
  type ListHostsResponse,
  type ListNamespacesRequest,
  type ListNamespacesResponse,
  type ListRealizationsRequest,
  type ListRealizationsResponse,
} from '@nsgate/proto';
import type { HostRegistry } from '../host-registry/host-registry';
import type { RealizationKey } from '../host-registry/realization-table';
import type { Realization } from '../model/host';
import { hostIdOf } from '../model/resource-name';
import { offerService, type OfferedService } from '../rpc/service';
import { Violations } from '../rpc/violations';
import { checkHostName, checkPolicyName, unknownEnum } from './field-parsers';
import { hostMessage, namespaceMessage, REALIZATION_STATES, realizationMessage } from './fleet-message';
import { pageTokenAfter, parsePage } from './page';
import { notFound } from './policy-writer';

/** Offers what the registry knows to operators. */
export function fleetService(registry: HostRegistry): OfferedService {
  return offerService(FleetServiceService, 'operator', {
    getHost: async ({ name }) => Promise.resolve(getHost(registry, name)),
    listHosts: async (request) => Promise.resolve(listHosts(registry, request)),
    listNamespaces: async (request) => Promise.resolve(listNamespaces(registry, request)),
    listRealizations: async (request) => Promise.resolve(listRealizations(registry, request)),
  });
}

function getHost(registry: HostRegistry, name: string): HostMessage {
  const violations = new Violations();
  checkHostName(name, 'name', violations);
  violations.throwIfAny();
  const host = registry.get(hostIdOf(name) ?? '');
  if (host === undefined) throw notFound(name);
  return hostMessage(host);
}

function listHosts(registry: HostRegistry, request: ListHostsRequest): ListHostsResponse {
  const violations = new Violations();
  const { size, after } = parsePage(request, 'hosts', violations);
  violations.throwIfAny();
  const found = registry.list({ after: after?.[0] ?? '', limit: size + 1 });
  const { page, nextPageToken } = cutPage(found, { size, list: 'hosts', keyOf: ({ id }) => [id] });
  return { hosts: page.map(hostMessage), nextPageToken };
}

function listNamespaces(registry: HostRegistry, request: ListNamespacesRequest): ListNamespacesResponse {
  const violations = new Violations();
  const list = `namespaces of ${request.parent}`;
  checkHostName(request.parent, 'parent', violations);
  const { size, after } = parsePage(request, list, violations);
  violations.throwIfAny();
  const hostId = hostIdOf(request.parent) ?? '';
  const found = registry.namespaces(hostId, { after: after?.[0] ?? '', limit: size + 1 });
  if (found === undefined) throw notFound(request.parent);
  const { page, nextPageToken } = cutPage(found, { size, list, keyOf: ({ name }) => [name] });
  return { namespaces: page.map(namespaceMessage), nextPageToken };
}

function listRealizations(
  registry: HostRegistry,
  request: ListRealizationsRequest,
): ListRealizationsResponse {
  const violations = new Violations();
  const list = `realizations of ${request.policy} on ${request.host} in ${request.state}`;
  if (request.policy !== '') checkPolicyName(request.policy, 'policy', violations);
  if (request.host !== '') checkHostName(request.host, 'host', violations);
  const states = parseState(request.state, violations);
  const { size, after } = parsePage(request, list, violations);
  violations.throwIfAny();
  const filter = {
    policy: request.policy || undefined,
    hostId: hostIdOf(request.host),
    state: states.wanted,
  };
  const found = states.nothing
    ? []
    : registry.realizations(filter, { after: realizationKey(after), limit: size + 1 });
  const keyOf = ({ policy, hostId, namespace }: Realization): RealizationKey => [policy, hostId, namespace];
  const { page, nextPageToken } = cutPage(found, { size, list, keyOf });
  return { realizations: page.map(realizationMessage), nextPageToken };
}

/** `nothing`: the list has no entry in that state. */
function parseState(
  state: RealizationState,
  violations: Violations,
): { wanted?: Realization['status']['state']; nothing: boolean } {
  if (state === RealizationState.REALIZATION_STATE_UNSPECIFIED) return { nothing: false };
  if (state === RealizationState.REALIZATION_STATE_ABSENT) return { nothing: true };
  const words = Object.keys(REALIZATION_STATES) as (keyof typeof REALIZATION_STATES)[];
  const wanted = words.find((word) => REALIZATION_STATES[word] === state);
  if (wanted === undefined) violations.add('state', unknownEnum('a state', state));
  return { wanted, nothing: false };
}

function realizationKey(after: readonly string[] | undefined): RealizationKey | undefined {
  return after && [after[0] ?? '', after[1] ?? '', after[2] ?? ''];
}

interface Cut<Entry> {
  readonly size: number;
  /** As given to parsePage. */
  readonly list: string;
  readonly keyOf: (entry: Entry) => readonly string[];
}

/** A page out of one entry more than it may have, if there are so many. */
function cutPage<Entry>(
  found: readonly Entry[],
  { size, list, keyOf }: Cut<Entry>,
): { page: readonly Entry[]; nextPageToken: string } {
  const page = found.slice(0, size);
  const last = page.at(-1);
  const more = found.length > size && last !== undefined;
  return { page, nextPageToken: more ? pageTokenAfter(keyOf(last), list) : '' };
}
