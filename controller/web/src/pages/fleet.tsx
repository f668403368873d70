/** The fleet at a glance: how many hosts, how policies stand, and every host. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { listAll } from '../live/call';
import type { WatchEvent } from '../live/resource-mirror';
import { useAnswer, useWatch } from '../live/use-live';
import type { Host, RealizationSummary } from '../message-types';
import { FilterBox, matchesWords } from '../parts/filter-box';
import { ago, counted, labelText, shortName, whole } from '../parts/format';
import { hostStanding, STANDING_WORDS } from '../parts/host-standing';
import { Link, useParameter } from '../parts/router';
import { Empty, Failure, Loading, StaleNote, StreamBadge, Tone } from '../parts/state-views';
import { Tile, Tiles } from '../parts/tiles';
import { TrafficChart } from '../parts/traffic-chart';
import { VirtualTable, type Column } from '../parts/virtual-table';

export interface HostMessage {
  host?: Host;
  removed?: string;
  inSync?: object;
}

export function hostEvent({ host, removed, inSync }: HostMessage): WatchEvent<Host> | undefined {
  if (host !== undefined) return { kind: 'put', name: host.name, resource: host };
  if (removed !== undefined) return { kind: 'removed', name: removed };
  return inSync === undefined ? undefined : { kind: 'in-sync' };
}

const COLUMNS: readonly Column<Host>[] = [
  {
    title: 'Host',
    width: 'minmax(6rem, 1.4fr)',
    cell: ({ name }) => <Link to={`/${name}`}>{shortName(name)}</Link>,
  },
  {
    title: 'State',
    width: 'minmax(6.5rem, 8rem)',
    cell: (host) => {
      const { tone, text } = STANDING_WORDS[hostStanding(host)];
      return <Tone tone={tone}>{text}</Tone>;
    },
  },
  { title: 'Namespaces', width: '6.5rem', number: true, cell: ({ namespaceCount }) => whole(namespaceCount) },
  {
    title: 'Revision',
    width: '7rem',
    number: true,
    wide: true,
    cell: ({ enforcedRevision = '0', desiredRevision = '0' }) =>
      enforcedRevision === desiredRevision ? enforcedRevision : `${enforcedRevision} → ${desiredRevision}`,
  },
  { title: 'Labels', width: 'minmax(8rem, 2fr)', wide: true, cell: ({ labels }) => labelText(labels) },
  { title: 'Kernel', width: 'minmax(6rem, 1fr)', wide: true, cell: ({ kernelRelease }) => kernelRelease },
  {
    title: 'Since',
    width: '5rem',
    wide: true,
    number: true,
    cell: ({ stateChangeTime }) => ago(stateChangeTime),
  },
];

export function FleetPage(): JSX.Element {
  const { mirror, state } = useWatch({ method: 'FleetService/WatchHosts', toEvent: hostEvent });
  const [filter, setFilter] = useParameter('filter');
  const hosts = mirror.list();
  const shown = useMemo(
    () => (filter === '' ? hosts : hosts.filter((host) => matchesWords(searchText(host), filter))),
    [hosts, filter],
  );
  return (
    <>
      <header class="page-head">
        <h1>Fleet</h1>
        <StreamBadge state={state} />
      </header>
      <StaleNote state={state} />
      {state.kind === 'refused' && <Failure error={state.error} what="The fleet" />}
      {mirror.isComplete && <FleetTiles hosts={hosts} />}
      <TrafficChart label="Traffic of the fleet" height={180} />
      {!mirror.isComplete && state.kind !== 'refused' && <Loading what="hosts" />}
      {mirror.isComplete && hosts.length === 0 && (
        <Empty title="No agent has connected yet">
          Start nsgate-agent on a host with a certificate of this controller's CA: it appears here at once.
        </Empty>
      )}
      {hosts.length > 0 && (
        <section aria-label="Hosts">
          <FilterBox
            label="Filter by name, label, state"
            value={filter}
            onChange={setFilter}
            shown={
              filter === ''
                ? counted(hosts.length, 'host')
                : `${whole(shown.length)} of ${whole(hosts.length)}`
            }
          />
          {shown.length === 0 ? (
            <Empty title="No host fits the filter" />
          ) : (
            <VirtualTable label="Hosts" rows={shown} keyOf={({ name }) => name} columns={COLUMNS} />
          )}
        </section>
      )}
    </>
  );
}

function searchText(host: Host): string {
  const { text } = STANDING_WORDS[hostStanding(host)];
  return [host.name, text, labelText(host.labels), host.kernelRelease].join(' ');
}

const SUMMARIES_EVERY_MS = 3000;

function FleetTiles({ hosts }: { hosts: readonly Host[] }): JSX.Element {
  const summaries = useAnswer(
    'summaries',
    (signal) =>
      listAll<RealizationSummary>('FleetService/ListRealizationSummaries', {
        field: 'summaries',
        request: {},
        signal,
      }),
    SUMMARIES_EVERY_MS,
  );
  const connected = hosts.filter((host) => host.connected === true);
  const namespaces = connected.reduce((sum, { namespaceCount = 0 }) => sum + namespaceCount, 0);
  const sum = (field: 'enforced' | 'pending' | 'failed'): number =>
    summaries.kind === 'ready'
      ? summaries.answer.reduce((total, one) => total + Number(one[field] ?? 0), 0)
      : NaN;
  const offline = hosts.length - connected.length;
  const policies =
    summaries.kind === 'ready'
      ? `by ${summaries.answer.length === 1 ? '1 policy' : `${whole(summaries.answer.length)} policies`}`
      : '';
  return (
    <Tiles>
      <Tile
        title="Hosts connected"
        value={connected.length}
        note={`of ${whole(hosts.length)}`}
        tone={offline > 0 ? 'warn' : 'good'}
      />
      <Tile title="Namespaces" value={namespaces} note="on connected hosts" />
      <Tile title="Enforced" value={sum('enforced')} note={policies} tone="good" />
      <Tile title="Pending" value={sum('pending')} tone={sum('pending') > 0 ? 'warn' : 'good'} />
      <Tile title="Failed" value={sum('failed')} tone={sum('failed') > 0 ? 'bad' : 'good'} />
    </Tiles>
  );
}
