/** nsgate.v1.FleetService. */
import { status } from '@grpc/grpc-js';
import {
  FleetServiceService,
  RpcError,
  type Host as HostMessage,
  type ListHostsRequest,
  type ListHostsResponse,
  type ListNamespacesRequest,
  type ListNamespacesResponse,
  type UpdateHostRequest,
} from '@nsgate/proto';
import type { Logger } from 'pino';
import type { AgentHub } from '../agent-stream/agent-hub';
import type { HostRegistry } from '../host-registry/host-registry';
import type { Labels } from '../model/selector';
import { hostIdOf } from '../model/resource-name';
import type { PolicyStore } from '../policy-store/policy-store';
import type { Caller } from '../rpc/caller';
import { parseLabels } from '../rpc/label-parser';
import { offerService, type OfferedService } from '../rpc/service';
import { quote, Violations } from '../rpc/violations';
import { explain } from './explain';
import { checkHostName, parseFilter } from './field-parsers';
import { hostMessage, labelsEtag, namespaceMessage } from './fleet-message';
import { listHostEvents, watchHostEvents, watchHosts } from './host-watch';
import { cutPage, parsePage } from './page';
import { getSummary, listRealizations, listSummaries } from './realization-queries';
import { waitForRealization } from './realization-wait';
import { checkEtag, notFound } from './resource-errors';

export interface FleetServiceOptions {
  readonly registry: HostRegistry;
  readonly store: PolicyStore;
  /** Reaches connected agents. */
  readonly hub: Pick<AgentHub, 'explain' | 'relabel'>;
  readonly logger: Logger;
}

/** Offers what the registry knows to operators. */
export function fleetService(options: FleetServiceOptions): OfferedService {
  const { registry, store, hub } = options;
  return offerService(FleetServiceService, {
    getHost: async ({ name }) => Promise.resolve(hostMessage(knownHost(registry, name, 'name'))),
    listHosts: async (request) => Promise.resolve(listHosts(registry, request)),
    updateHost: async (request, { caller }) => Promise.resolve(updateHost(options, request, caller)),
    deleteHost: async ({ name }, { caller }) => Promise.resolve(deleteHost(options, name, caller)),
    listNamespaces: async (request) => Promise.resolve(listNamespaces(registry, request)),
    listRealizations: async (request) => Promise.resolve(listRealizations(registry, request)),
    getRealizationSummary: ({ policy }) => getSummary({ registry, store }, policy),
    listRealizationSummaries: (request) => listSummaries({ registry, store }, request),
    waitForRealization: (request, context) => waitForRealization({ registry, store }, request, context),
    watchHosts: (_request, context) => watchHosts(registry, context),
    explain: (request) => explain({ registry, hub }, request),
    listHostEvents: async (request) => Promise.resolve(listHostEvents(registry, request)),
    watchHostEvents: (request, context) => watchHostEvents(registry, request, context),
  });
}

/** NOT_FOUND when no agent of that id has connected. */
function knownHost(
  registry: HostRegistry,
  name: string,
  field: string,
): NonNullable<ReturnType<HostRegistry['get']>> {
  const violations = new Violations();
  checkHostName(name, field, violations);
  violations.throwIfAny();
  const host = registry.get(hostIdOf(name) ?? '');
  if (host === undefined) throw notFound(name);
  return host;
}

function updateHost(
  { registry, hub, logger }: FleetServiceOptions,
  { host: message, updateMask, validateOnly }: UpdateHostRequest,
  caller: Caller,
): HostMessage {
  const violations = new Violations();
  if (message === undefined) {
    violations.add('host', 'is required');
    throw violations.toError();
  }
  for (const [i, path] of (updateMask ?? []).entries()) {
    if (path === 'operator_labels' || path === '*') continue;
    violations.add(
      `update_mask.paths[${i}]`,
      `${quote(path)} is not operator_labels, the only field that can be written`,
    );
  }
  checkHostName(message.name, 'host.name', violations);
  const operatorLabels = parseLabels(message.operatorLabels, 'host.operator_labels', violations);
  violations.throwIfAny();
  const host = knownHost(registry, message.name, 'host.name');
  const labels: Labels = new Map([...host.agentLabels, ...operatorLabels]);
  caller.permit.host(message.name, host.labels, labels);
  checkEtag(message.name, labelsEtag(host), message.etag);
  if (validateOnly) {
    return hostMessage({ ...host, labels, operatorLabels });
  }
  registry.setOperatorLabels(host.id, operatorLabels);
  hub.relabel(host.id);
  logger.info(
    { host: host.id, labels: Object.fromEntries(operatorLabels), author: caller.id },
    'host labelled',
  );
  return hostMessage(knownHost(registry, message.name, 'host.name'));
}

function deleteHost({ registry, logger }: FleetServiceOptions, name: string, caller: Caller): object {
  const host = knownHost(registry, name, 'name');
  caller.permit.host(name, host.labels, undefined);
  if (host.connected) {
    throw new RpcError(status.FAILED_PRECONDITION, `${name} is connected: stop its agent first`, {
      reason: { reason: 'HOST_CONNECTED', metadata: { host: name } },
    });
  }
  registry.remove(host.id);
  logger.info({ host: host.id, author: caller.id }, 'host forgotten');
  return {};
}

function listHosts(registry: HostRegistry, request: ListHostsRequest): ListHostsResponse {
  const violations = new Violations();
  const list = `hosts ${request.filter}`;
  const { size, after } = parsePage(request, list, violations);
  const selector = parseFilter(request.filter, 'filter', violations);
  violations.throwIfAny();
  const found = registry.list({ after: after?.[0] ?? '', limit: size + 1, selector });
  const { page, nextPageToken } = cutPage(found, { size, list, keyOf: ({ id }) => [id] });
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
