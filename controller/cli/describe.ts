/** `nsgate describe`: everything that is known of one policy or host. */
import {
  Host,
  hostEventKindToJSON,
  ListHostEventsRequest,
  ListRealizationsRequest,
  RealizationState,
} from '@nsgate/proto';
import { call } from './call';
import { resourceName, type CommandContext } from './command-context';
import { render, shortName, yamlText } from './output';
import { list, listHistory, listSummaries, policyDocument } from './resources';

const SHOWN = 20;

export async function describePolicy({ connection, print }: CommandContext, name: string): Promise<void> {
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

export async function describeHost({ connection, print }: CommandContext, name: string): Promise<void> {
  const { fleet } = connection;
  const fullName = resourceName('hosts', name);
  const host = await call(fleet.getHost.bind(fleet), { name: fullName });
  const { events } = await call(
    fleet.listHostEvents.bind(fleet),
    ListHostEventsRequest.fromPartial({ parent: fullName, pageSize: SHOWN }),
  );
  print(yamlText(Host.toJSON(host) as object));
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
