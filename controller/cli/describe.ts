/** `nsgate describe`: everything that is known of one policy, set or host. */
import {
  Host,
  hostEventKindToJSON,
  ListHostEventsRequest,
  ListRealizationsRequest,
  RealizationState,
} from '@nsgate/proto';
import { listSets } from './address-sets';
import { call } from './call';
import { isSet, resourceName, type CommandContext } from './command-context';
import { render, shortName, yamlText, wholeJson } from './output';
import { list, listHistory, listSummaries, policyDocument } from './resources';

const SHOWN = 20;

/** A policy, unless its full name says otherwise. */
export function describe(context: CommandContext, name: string): Promise<void> {
  if (name.startsWith('hosts/')) return describeHost(context, name);
  return isSet(name) ? describeSet(context, name) : describePolicy(context, name);
}

async function describePolicy({ connection, print }: CommandContext, name: string): Promise<void> {
  const { policies, fleet } = connection;
  const fullName = resourceName('policies', name);
  const policy = await call(policies.getPolicy.bind(policies), { name: fullName });
  const failures = await call(
    fleet.listRealizations.bind(fleet),
    ListRealizationsRequest.fromPartial({
      policy: fullName,
      state: RealizationState.REALIZATION_STATE_FAILED,
      pageSize: SHOWN,
    }),
  );
  const history = await listHistory(connection, name);
  print(yamlText(policyDocument(policy)));
  print(render(await listSummaries(connection, name), 'table'));
  for (const { host, namespace, reason } of failures.realizations) {
    print(`failed on ${host} in ${namespace === '' ? 'all' : namespace}: ${reason}`);
  }
  print('');
  print(render({ ...history, rows: history.rows.slice(0, SHOWN) }, 'table'));
}

async function describeSet({ connection, print }: CommandContext, name: string): Promise<void> {
  const set = await listSets(connection, name);
  const history = await listHistory(connection, name);
  print(render(set, 'yaml'));
  print('');
  print(render({ ...history, rows: history.rows.slice(0, SHOWN) }, 'table'));
}

async function describeHost({ connection, print }: CommandContext, name: string): Promise<void> {
  const { fleet } = connection;
  const fullName = resourceName('hosts', name);
  const host = await call(fleet.getHost.bind(fleet), { name: fullName });
  const { events } = await call(
    fleet.listHostEvents.bind(fleet),
    ListHostEventsRequest.fromPartial({ parent: fullName, pageSize: SHOWN }),
  );
  print(yamlText(wholeJson('Host', Host.encode(host).finish())));
  print(render(await list(connection, 'namespaces', { name }), 'table'));
  print('');
  print(render(await list(connection, 'realizations', { host: name }), 'table'));
  for (const { event } of events) {
    if (event === undefined) continue;
    const kind = shortName(hostEventKindToJSON(event.kind), 'HOST_EVENT_KIND_').replaceAll('_', ' ');
    print(
      [event.time?.toISOString() ?? '', kind, event.namespace, event.detail]
        .filter((part) => part !== '')
        .join('  '),
    );
  }
}
