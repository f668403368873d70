/** Lists of what the controller knows: `nsgate get`, `hosts`, `namespaces`, `status`, `history`, `export`. */
import {
  Host,
  labelOperatorToJSON,
  ListHostsRequest,
  ListPoliciesRequest,
  ListPolicyRevisionsRequest,
  ListRealizationsRequest,
  ListRealizationSummariesRequest,
  Namespace,
  namespaceStateToJSON,
  Policy,
  PolicyRevision,
  Realization,
  RealizationState,
  RealizationSummary,
  realizationStateToJSON,
  tierToJSON,
  type LabelRequirement,
} from '@nsgate/proto';
import { listMembers, listSets } from './address-sets';
import { allPages, call } from './call';
import { isSet, resourceName, type CommandContext } from './command-context';
import type { Connection } from './connection';
import { labelsText, shortName, yamlText, type Listing, wholeJson } from './output';
import { GIVEN_BY_CONTROLLER } from './resource-file';
import { listSetHistory } from './set-versions';

export const KINDS = ['policies', 'sets', 'hosts', 'namespaces', 'realizations'] as const;
export type Kind = (typeof KINDS)[number];

export interface ListOptions {
  /** Only this policy, set, host, or the namespaces of this host; everything when left out. */
  readonly name?: string | undefined;
  /** Conditions on labels. */
  readonly filter?: string | undefined;
  /** For realizations: only those of this policy, on this host, in this state. For policies: those that reach this host. */
  readonly policy?: string | undefined;
  readonly host?: string | undefined;
  readonly state?: string | undefined;
  readonly orderBy?: string | undefined;
}

const LISTERS: Readonly<Record<Kind, (connection: Connection, options: ListOptions) => Promise<Listing>>> = {
  policies: listPolicies,
  sets: (connection, { name, filter }) => listSets(connection, name, filter),
  hosts: listHosts,
  namespaces: listNamespaces,
  realizations: listRealizations,
};

export function list(connection: Connection, kind: Kind, options: ListOptions): Promise<Listing> {
  return LISTERS[kind](connection, options);
}

/** As files hold it, and `apply` takes it. */
export function policyDocument(policy: Policy): object {
  return { kind: 'Policy', ...(Policy.toJSON(policy) as object) };
}

async function findPolicies({ policies: client }: Connection, options: ListOptions): Promise<Policy[]> {
  const { name, filter = '', host, orderBy = '' } = options;
  if (name !== undefined)
    return [await call(client.getPolicy.bind(client), { name: resourceName('policies', name) })];
  const of = { filter, orderBy, host: host === undefined ? '' : resourceName('hosts', host) };
  return allPages(
    (pageToken) =>
      call(
        client.listPolicies.bind(client),
        ListPoliciesRequest.fromPartial({ ...of, pageToken, pageSize: 1000 }),
      ),
    ({ policies }) => policies,
  );
}

async function listPolicies(connection: Connection, options: ListOptions): Promise<Listing> {
  const policies = await findPolicies(connection, options);
  return {
    what: 'policies',
    columns: ['NAME', 'TIER', 'PRIORITY', 'RULES', 'NAMESPACES', 'HOSTS', 'REVISION'],
    rows: policies.map((policy) => [
      policy.name,
      shortName(tierToJSON(policy.tier), 'TIER_'),
      String(policy.priority),
      String(policy.rules.length),
      namespacesText(policy),
      policy.hostSelector?.requirements.map(requirementText).join(', ') ?? 'all',
      String(policy.revision),
    ]),
    json: policies.map(policyDocument),
    single: options.name !== undefined,
  };
}

async function findHosts({ fleet }: Connection, { name, filter = '' }: ListOptions): Promise<Host[]> {
  if (name !== undefined)
    return [await call(fleet.getHost.bind(fleet), { name: resourceName('hosts', name) })];
  return allPages(
    (pageToken) =>
      call(fleet.listHosts.bind(fleet), ListHostsRequest.fromPartial({ filter, pageToken, pageSize: 1000 })),
    ({ hosts }) => hosts,
  );
}

async function listHosts(connection: Connection, options: ListOptions): Promise<Listing> {
  const hosts = await findHosts(connection, options);
  return {
    what: 'hosts',
    columns: [
      'NAME',
      'STATE',
      'WANTED',
      'HELD',
      'ENFORCED',
      'NAMESPACES',
      'AGENT',
      'MODULE',
      'KERNEL',
      'LABELS',
    ],
    rows: hosts.map((host) => [
      host.name,
      host.connected ? 'connected' : 'away',
      String(host.desiredRevision),
      String(host.acknowledgedRevision),
      String(host.enforcedRevision),
      String(host.namespaceCount),
      host.agentVersion,
      host.moduleVersion || 'not loaded',
      host.kernelRelease,
      labelsText(host.labels),
    ]),
    json: hosts.map((host) => wholeJson('Host', Host.encode(host).finish())),
    single: options.name !== undefined,
  };
}

async function listNamespaces(connection: Connection, options: ListOptions): Promise<Listing> {
  const { fleet } = connection;
  const found: { host: string; namespace: Namespace }[] = [];
  for (const { name: parent } of await findHosts(connection, {
    ...options,
    name: options.host ?? options.name,
  })) {
    const namespaces = await allPages(
      (pageToken) => call(fleet.listNamespaces.bind(fleet), { parent, pageSize: 1000, pageToken }),
      (response) => response.namespaces,
    );
    found.push(...namespaces.map((namespace) => ({ host: parent, namespace })));
  }
  return {
    what: 'namespaces',
    columns: ['HOST', 'NAME', 'INODE', 'STATE', 'RULESET', 'DETAIL'],
    rows: found.map(({ host, namespace }) => [
      host,
      namespace.name,
      String(namespace.inode),
      shortName(namespaceStateToJSON(namespace.state), 'NAMESPACE_STATE_'),
      namespace.rulesetDigest.slice(0, 12),
      namespace.detail,
    ]),
    json: found.map(({ host, namespace }) => ({
      host,
      ...wholeJson('Namespace', Namespace.encode(namespace).finish()),
    })),
  };
}

async function listRealizations({ fleet }: Connection, options: ListOptions): Promise<Listing> {
  const { name, policy = name, host, state } = options;
  const filter = {
    policy: policy === undefined ? '' : resourceName('policies', policy),
    host: host === undefined ? '' : resourceName('hosts', host),
    state:
      state === undefined
        ? undefined
        : RealizationState[`REALIZATION_STATE_${state.toUpperCase()}` as 'REALIZATION_STATE_FAILED'],
  };
  const found = await allPages(
    (pageToken) =>
      call(
        fleet.listRealizations.bind(fleet),
        ListRealizationsRequest.fromPartial({ ...filter, pageSize: 1000, pageToken }),
      ),
    ({ realizations }) => realizations,
  );
  return {
    what: 'realizations',
    columns: ['POLICY', 'HOST', 'NAMESPACE', 'STATE', 'REVISION', 'RULESET', 'REASON'],
    rows: found.map((realization) => [
      realization.policy,
      realization.host,
      realization.namespace || '(all)',
      shortName(realizationStateToJSON(realization.state), 'REALIZATION_STATE_'),
      String(realization.policyRevision),
      realization.rulesetDigest.slice(0, 12),
      realization.reason,
    ]),
    json: found.map((realization) => wholeJson('Realization', Realization.encode(realization).finish())),
  };
}

/** How every policy fares. */
export async function listSummaries({ fleet }: Connection, policy?: string): Promise<Listing> {
  const summaries =
    policy === undefined
      ? await allPages(
          (pageToken) =>
            call(
              fleet.listRealizationSummaries.bind(fleet),
              ListRealizationSummariesRequest.fromPartial({ pageSize: 1000, pageToken }),
            ),
          (response) => response.summaries,
        )
      : [await call(fleet.getRealizationSummary.bind(fleet), { policy: resourceName('policies', policy) })];
  return {
    what: 'policies',
    columns: ['POLICY', 'REVISION', 'HOSTS', 'BEHIND', 'ABSENT', 'ENFORCED', 'PENDING', 'FAILED'],
    rows: summaries.map((summary) => [
      summary.policy,
      ...[summary.revision, summary.hosts, summary.hostsBehind, summary.hostsAbsent].map(String),
      ...[summary.enforced, summary.pending, summary.failed].map(String),
    ]),
    json: summaries.map((summary) =>
      wholeJson('RealizationSummary', RealizationSummary.encode(summary).finish()),
    ),
    single: policy !== undefined,
  };
}

export async function listHistory(connection: Connection, name: string): Promise<Listing> {
  if (isSet(name)) return listSetHistory(connection, name);
  const { policies: client } = connection;
  const revisions = await allPages(
    (pageToken) =>
      call(
        client.listPolicyRevisions.bind(client),
        ListPolicyRevisionsRequest.fromPartial({
          name: resourceName('policies', name),
          pageSize: 1000,
          pageToken,
        }),
      ),
    (response) => response.revisions,
  );
  return {
    what: 'revisions',
    columns: ['REVISION', 'TIME', 'AUTHOR', 'RULES', 'REASON'],
    rows: revisions.map(({ revision, time, author, policy, removed, reason }) => [
      String(revision),
      time?.toISOString() ?? '',
      author,
      removed ? 'removed' : String(policy?.rules.length ?? 0),
      reason,
    ]),
    json: revisions.map((revision) => PolicyRevision.toJSON(revision) as object),
  };
}

/** Everything that `apply` needs to make it all again: sets with their members, then policies. */
export async function exportAll({ connection, print }: CommandContext, filter: string): Promise<void> {
  const { json: sets } = await listSets(connection, undefined, filter);
  const documents: object[] = [];
  for (const set of sets) {
    const members = await listMembers(connection, (set as { name: string }).name);
    documents.push({ ...written(set), members });
  }
  const policies = await findPolicies(connection, { filter });
  documents.push(...policies.map(policyDocument).map(written));
  print(documents.map(yamlText).join('---\n').trimEnd());
}

/** Without what the controller gives. */
function written(document: object): object {
  const given: readonly string[] = [...GIVEN_BY_CONTROLLER, 'etag'];
  return Object.fromEntries(Object.entries(document).filter(([key]) => !given.includes(key)));
}

function namespacesText({ namespaces }: Policy): string {
  const { include = [], exclude = [] } = namespaces ?? {};
  return [...include, ...exclude.map((glob) => `not ${glob}`)].join(', ');
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  const words = shortName(labelOperatorToJSON(operator), 'LABEL_OPERATOR_').replaceAll('_', ' ');
  return [key, words, values.join('|')].join(' ').trim();
}
