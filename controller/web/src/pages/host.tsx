/** One host: its namespaces with what they see, where policies stand on it, what happened there. */
import type { JSX } from 'preact';
import { call, listAll } from '../live/call';
import { useAnswer, type Answered } from '../live/use-live';
import type { Host, HostEvent, HostHealth, Namespace, Realization } from '../message-types';
import { FilterBox, matchesWords } from '../parts/filter-box';
import { ago, bytes, compact, counted, labelText, shortName, whole, word } from '../parts/format';
import { GroupCounts, useGroupCounts, type GroupCount } from '../parts/group-counts';
import { HookCounts } from '../parts/hook-counts';
import { hostStanding, STANDING_WORDS } from '../parts/host-standing';
import { RealizationTable } from '../parts/realization-table';
import { Link, useParameter } from '../parts/router';
import { Empty, Failure, Loading, Tone } from '../parts/state-views';
import { TrafficChart } from '../parts/traffic-chart';
import { VirtualTable, type Column } from '../parts/virtual-table';

const ASK_EVERY_MS = 3000;

interface HostView {
  readonly host: Host;
  readonly namespaces: readonly Namespace[];
  readonly realizations: readonly Realization[];
  readonly events: readonly HostEvent[];
}

async function readHost(name: string, signal: AbortSignal): Promise<HostView> {
  const [host, namespaces, realizations, { events = [] }] = await Promise.all([
    call<Host>('FleetService/GetHost', { name }, signal),
    listAll<Namespace>('FleetService/ListNamespaces', {
      field: 'namespaces',
      request: { parent: name },
      signal,
    }),
    listAll<Realization>('FleetService/ListRealizations', {
      field: 'realizations',
      request: { host: name },
      signal,
    }),
    call<{ events?: HostEvent[] }>('FleetService/ListHostEvents', { parent: name, pageSize: 20 }, signal),
  ]);
  return { host, namespaces, realizations, events };
}

export function HostPage({ hostId }: { hostId: string }): JSX.Element {
  const name = `hosts/${hostId}`;
  const answered: Answered<HostView> = useAnswer(name, (signal) => readHost(name, signal), ASK_EVERY_MS);
  return (
    <>
      <p class="crumbs">
        <Link to="/">Fleet</Link> /
      </p>
      <header class="page-head">
        <h1>{hostId}</h1>
        {answered.kind === 'ready' && <HostBadge host={answered.answer.host} />}
      </header>
      {answered.kind === 'loading' && <Loading what={`the host ${hostId}`} />}
      {answered.kind === 'failed' && <Failure error={answered.error} what={`The host ${hostId}`} />}
      {answered.kind === 'ready' && <HostDetails view={answered.answer} />}
    </>
  );
}

function HostBadge({ host }: { host: Host }): JSX.Element {
  const { tone, text } = STANDING_WORDS[hostStanding(host)];
  return <Tone tone={tone}>{text}</Tone>;
}

function HostDetails({ view: { host, namespaces, realizations, events } }: { view: HostView }): JSX.Element {
  return (
    <>
      <dl class="facts">
        <Fact title="Labels" value={labelText(host.labels)} />
        <Fact title="Agent" value={host.agentVersion} />
        <Fact title="Module" value={host.moduleVersion ?? 'not loaded'} />
        <HealthFacts health={host.health} />
        <Fact title="Kernel" value={host.kernelRelease} />
        <Fact
          title="Revisions"
          value={`wanted ${host.desiredRevision ?? '0'}, held ${host.acknowledgedRevision ?? '0'}, enforced ${host.enforcedRevision ?? '0'}`}
        />
        <Fact
          title={host.connected === true ? 'Connected for' : 'Gone for'}
          value={ago(host.stateChangeTime)}
        />
      </dl>
      <TrafficChart
        label={`Traffic of ${shortName(host.name)}`}
        filter={{ hosts: [host.name] }}
        height={180}
      />
      <HookCounts filter={{ hosts: [host.name] }} />
      <Namespaces host={host.name} namespaces={namespaces} />
      <h2>Policies here</h2>
      {realizations.length === 0 ? (
        <Empty title="No policy chooses this host" />
      ) : (
        <RealizationTable realizations={realizations} by="policy" />
      )}
      <h2>Events</h2>
      <Events events={events} />
    </>
  );
}

function HealthFacts({ health }: { health: HostHealth | undefined }): JSX.Element | null {
  if (health === undefined) return null;
  const { bindings = 0, kernelNamespaces = 0, rulesets = 0, quarantined = 0 } = health;
  return (
    <>
      <Fact
        title="Bound"
        value={`${whole(bindings)} of ${whole(kernelNamespaces)} namespaces, by ${counted(rulesets, 'ruleset')}`}
      />
      {quarantined > 0 && <Fact title="In quarantine" value={`${whole(quarantined)} namespaces`} />}
      <Fact
        title="Memory"
        value={`module ${bytes(health.moduleMemoryBytes)}, agent ${bytes(health.agentMemoryBytes)}`}
      />
    </>
  );
}

function Fact({ title, value = '' }: { title: string; value?: string | undefined }): JSX.Element {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{value === '' ? '–' : value}</dd>
    </div>
  );
}

function Namespaces({ host, namespaces }: { host: string; namespaces: readonly Namespace[] }): JSX.Element {
  const [filter, setFilter] = useParameter('filter');
  const counts = useGroupCounts({ filter: { hosts: [host] }, groupBy: ['STATS_DIMENSION_NAMESPACE'] });
  const columns: readonly Column<Namespace>[] = [
    { title: 'Namespace', width: 'minmax(6rem, 1.5fr)', cell: ({ name }) => name },
    { title: 'State', width: '6.5rem', cell: (namespace) => <NamespaceBadge namespace={namespace} /> },
    { title: 'Inode', width: '7.5rem', wide: true, number: true, cell: ({ inode }) => inode },
    {
      title: 'Ruleset',
      width: '6.5rem',
      wide: true,
      cell: ({ rulesetDigest }) => <code>{rulesetDigest?.slice(0, 8)}</code>,
    },
    {
      title: 'Matched',
      width: '8.5rem',
      narrow: '4.5rem',
      number: true,
      cell: ({ name }) => <GroupCounts counts={counts.get(name)} />,
    },
    {
      title: 'Stopped',
      width: '5.5rem',
      number: true,
      wide: true,
      cell: ({ name }) => stoppedText(counts.get(name)),
    },
    {
      title: 'Look closer',
      width: '9rem',
      wide: true,
      cell: ({ name }) => <NamespaceLinks host={shortName(host)} namespace={name} />,
    },
  ];
  const shown = namespaces.filter(({ name, state = '' }) => matchesWords(`${name} ${state}`, filter));
  return (
    <section aria-label="Namespaces">
      <h2>Namespaces</h2>
      <FilterBox
        label="Filter namespaces"
        value={filter}
        onChange={setFilter}
        shown={counted(shown.length, 'namespace')}
      />
      {shown.length === 0 ? (
        <Empty
          title={namespaces.length === 0 ? 'The host reports no namespaces' : 'No namespace fits the filter'}
        />
      ) : (
        <VirtualTable label="Namespaces" rows={shown} keyOf={({ name }) => name} columns={columns} />
      )}
    </section>
  );
}

/** Dropped or rejected. */
function stoppedText(count: GroupCount | undefined): string {
  const { dropped = '0', rejected = '0' } = count?.group.traffic ?? {};
  return compact(Number(dropped) + Number(rejected));
}

function NamespaceLinks({ host, namespace }: { host: string; namespace: string }): JSX.Element {
  const place = `host=${host}&namespace=${encodeURIComponent(namespace)}`;
  return (
    <>
      <Link to={`/packets?${place}`} label={`Packets of ${namespace}`}>
        Packets
      </Link>{' '}
      <Link to={`/explain?${place}`} label={`Explain for ${namespace}`}>
        Explain
      </Link>
    </>
  );
}

function NamespaceBadge({ namespace: { state, detail = '' } }: { namespace: Namespace }): JSX.Element {
  const isReady = state === 'NAMESPACE_STATE_READY';
  return (
    <span title={detail}>
      <Tone tone={isReady ? 'good' : 'warn'}>{word(state, 'NAMESPACE_STATE_')}</Tone>
    </span>
  );
}

function Events({ events }: { events: readonly HostEvent[] }): JSX.Element {
  if (events.length === 0) return <Empty title="Nothing has happened since the controller started" />;
  return (
    <ul class="events">
      {events.map(({ sequence, event = {} }) => (
        <li key={sequence}>
          <time dateTime={event.time}>{ago(event.time)} ago</time>
          <Tone tone="mute">{word(event.kind, 'HOST_EVENT_KIND_')}</Tone>
          <span>
            {event.namespace} {event.detail}
          </span>
        </li>
      ))}
    </ul>
  );
}
