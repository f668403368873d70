/** `nsgate get`: what the controller knows, as a table or as JSON. */
import {
  Host,
  labelOperatorToJSON,
  ListHostsRequest,
  ListPoliciesRequest,
  Namespace,
  namespaceStateToJSON,
  Policy,
  Realization,
  RealizationState,
  realizationStateToJSON,
  type LabelRequirement,
} from '@nsgate/proto';
import { hostName, policyName, type CommandContext } from './apply';
import { allPages, call } from './call';
import type { Connection } from './connection';
import { renderTable } from './table';

export const KINDS = ['policies', 'hosts', 'namespaces', 'realizations'] as const;
type Kind = (typeof KINDS)[number];

export interface GetOptions {
  readonly output: 'table' | 'json';
  /** Only this policy, host, or the namespaces of this host; everything when left out. */
  readonly name?: string | undefined;
  /** For realizations: only those of this policy, on this host. */
  readonly policy?: string | undefined;
  readonly host?: string | undefined;
}

interface Listing {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly json: readonly unknown[];
}

type Lister = (connection: Connection, options: GetOptions) => Promise<Listing>;

const LISTERS: Readonly<Record<Kind, Lister>> = {
  policies: listPolicies,
  hosts: listHosts,
  namespaces: listNamespaces,
  realizations: listRealizations,
};

/** Prints one kind of resource. */
export async function get(
  { connection, print }: CommandContext,
  kind: Kind,
  options: GetOptions,
): Promise<void> {
  const { columns, rows, json } = await LISTERS[kind](connection, options);
  // One resource by name is printed as `apply` takes it; a list as a list.
  const single = options.name !== undefined && json.length === 1 && kind !== 'namespaces';
  if (options.output === 'json') print(JSON.stringify(single ? json[0] : json, null, 2));
  else if (rows.length === 0) print(`there are no ${kind}`);
  else print(renderTable(columns, rows));
}

async function listPolicies({ policies: client }: Connection, { name }: GetOptions): Promise<Listing> {
  const policies =
    name === undefined
      ? await allPages(
          (pageToken) =>
            call(client.listPolicies.bind(client), ListPoliciesRequest.fromPartial({ pageToken })),
          (response) => response.policies,
        )
      : [await call(client.getPolicy.bind(client), { name: policyName(name) })];
  return {
    columns: ['NAME', 'PRIORITY', 'RULES', 'NAMESPACES', 'HOSTS', 'REVISION'],
    rows: policies.map((policy) => [
      policy.name,
      String(policy.priority),
      String(policy.rules.length),
      namespacesText(policy),
      policy.hostSelector?.requirements.map(requirementText).join(', ') ?? 'all',
      String(policy.revision),
    ]),
    json: policies.map((policy) => ({ kind: 'Policy', ...(Policy.toJSON(policy) as object) })),
  };
}

async function listHosts({ fleet }: Connection, { name }: GetOptions): Promise<Listing> {
  const hosts =
    name === undefined
      ? await allHosts(fleet)
      : [await call(fleet.getHost.bind(fleet), { name: hostName(name) })];
  return {
    columns: ['NAME', 'STATE', 'REVISION', 'NAMESPACES', 'AGENT', 'MODULE', 'KERNEL', 'LABELS'],
    rows: hosts.map((host) => [
      host.name,
      host.connected ? 'connected' : 'away',
      `${host.acknowledgedRevision} of ${host.desiredRevision}`,
      String(host.namespaceCount),
      host.agentVersion,
      host.moduleVersion || 'not loaded',
      host.kernelRelease,
      labelsText(host.labels),
    ]),
    json: hosts.map((host) => Host.toJSON(host)),
  };
}

async function listNamespaces({ fleet }: Connection, { name }: GetOptions): Promise<Listing> {
  const parents = name === undefined ? (await allHosts(fleet)).map((host) => host.name) : [hostName(name)];
  const found: { parent: string; namespace: Namespace }[] = [];
  for (const parent of parents) {
    const namespaces = await allPages(
      (pageToken) => call(fleet.listNamespaces.bind(fleet), { parent, pageSize: 0, pageToken }),
      (response) => response.namespaces,
    );
    found.push(...namespaces.map((namespace) => ({ parent, namespace })));
  }
  return {
    columns: ['HOST', 'NAME', 'INODE', 'STATE', 'RULESET', 'DETAIL'],
    rows: found.map(({ parent, namespace }) => [
      parent,
      namespace.name,
      String(namespace.inode),
      shortName(namespaceStateToJSON(namespace.state), 'NAMESPACE_STATE_'),
      namespace.rulesetDigest.slice(0, 12),
      namespace.detail,
    ]),
    json: found.map(({ parent, namespace }) => ({
      host: parent,
      ...(Namespace.toJSON(namespace) as object),
    })),
  };
}

async function listRealizations({ fleet }: Connection, { name, policy, host }: GetOptions): Promise<Listing> {
  const ofPolicy = policy ?? name;
  const filter = {
    policy: ofPolicy === undefined ? '' : policyName(ofPolicy),
    host: host === undefined ? '' : hostName(host),
    state: RealizationState.REALIZATION_STATE_UNSPECIFIED,
  };
  const found = await allPages(
    (pageToken) => call(fleet.listRealizations.bind(fleet), { ...filter, pageSize: 0, pageToken }),
    (response) => response.realizations,
  );
  return {
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
    json: found.map((realization) => Realization.toJSON(realization)),
  };
}

function allHosts(fleet: Connection['fleet']): Promise<Host[]> {
  return allPages(
    (pageToken) => call(fleet.listHosts.bind(fleet), ListHostsRequest.fromPartial({ pageToken })),
    (response) => response.hosts,
  );
}

function namespacesText({ namespaces }: Policy): string {
  const { include = [], exclude = [] } = namespaces ?? {};
  return [...include, ...exclude.map((glob) => `not ${glob}`)].join(', ');
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  const words = shortName(labelOperatorToJSON(operator), 'LABEL_OPERATOR_').replaceAll('_', ' ');
  return [key, words, values.join('|')].join(' ').trim();
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function shortName(name: string, prefix: string): string {
  return name.replace(prefix, '').toLowerCase();
}
