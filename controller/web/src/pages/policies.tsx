/** Every policy: whom it chooses, how it stands, what it matches. */
import type { JSX } from 'preact';
import { listAll } from '../live/call';
import type { WatchEvent } from '../live/resource-mirror';
import { useAnswer, useWatch } from '../live/use-live';
import type { Policy, RealizationSummary } from '../message-types';
import { FilterBox, matchesWords } from '../parts/filter-box';
import { labelText, shortName, whole, word } from '../parts/format';
import { GroupCounts, useGroupCounts } from '../parts/group-counts';
import { Link, useParameter } from '../parts/router';
import { StandingBar } from '../parts/standing-bar';
import { Empty, Failure, Loading, StaleNote, StreamBadge } from '../parts/state-views';
import { VirtualTable, type Column } from '../parts/virtual-table';

interface PolicyMessage {
  policy?: Policy;
  removal?: { name: string };
  inSync?: object;
}

export function policyEvent({ policy, removal, inSync }: PolicyMessage): WatchEvent<Policy> | undefined {
  if (policy !== undefined) return { kind: 'put', name: policy.name, resource: policy };
  if (removal !== undefined) return { kind: 'removed', name: removal.name };
  return inSync === undefined ? undefined : { kind: 'in-sync' };
}

const SUMMARIES_EVERY_MS = 3000;

export function PoliciesPage(): JSX.Element {
  const { mirror, state } = useWatch({ method: 'PolicyService/WatchPolicies', toEvent: policyEvent });
  const [filter, setFilter] = useParameter('filter');
  const columns = useColumns();
  const policies = mirror.list();
  const shown = policies.filter((policy) => matchesWords(searchText(policy), filter));
  return (
    <>
      <header class="page-head">
        <h1>Policies</h1>
        <StreamBadge state={state} />
      </header>
      <StaleNote state={state} />
      {state.kind === 'refused' && <Failure error={state.error} what="The policies" />}
      {!mirror.isComplete && state.kind !== 'refused' && <Loading what="policies" />}
      {mirror.isComplete && policies.length === 0 && (
        <Empty title="There are no policies">
          Write one and store it with <code>nsgate apply -f FILE</code>: this page shows it at once.
        </Empty>
      )}
      {policies.length > 0 && (
        <>
          <FilterBox
            label="Filter policies"
            value={filter}
            onChange={setFilter}
            shown={`${whole(shown.length)} of ${whole(policies.length)}`}
          />
          {shown.length === 0 ? (
            <Empty title="No policy fits the filter" />
          ) : (
            <VirtualTable label="Policies" rows={shown} keyOf={({ name }) => name} columns={columns} />
          )}
        </>
      )}
    </>
  );
}

function searchText({ name, description = '', labels, namespaces }: Policy): string {
  return [name, description, labelText(labels), ...(namespaces?.include ?? [])].join(' ');
}

function useColumns(): readonly Column<Policy>[] {
  const counts = useGroupCounts({ filter: {}, groupBy: ['STATS_DIMENSION_POLICY'] });
  const answered = useAnswer(
    'summaries',
    (signal) =>
      listAll<RealizationSummary>('FleetService/ListRealizationSummaries', {
        field: 'summaries',
        request: {},
        signal,
      }),
    SUMMARIES_EVERY_MS,
  );
  const summaries = new Map(answered.kind === 'ready' ? answered.answer.map((one) => [one.policy, one]) : []);
  return [
    {
      title: 'Policy',
      width: 'minmax(6rem, 1.5fr)',
      cell: ({ name }) => <Link to={`/${name}`}>{shortName(name)}</Link>,
    },
    { title: 'Tier', width: '6rem', wide: true, cell: ({ tier }) => word(tier ?? 'TIER_DEFAULT', 'TIER_') },
    { title: 'Rules', width: '4rem', wide: true, number: true, cell: ({ rules }) => whole(rules?.length) },
    {
      title: 'Namespaces',
      width: 'minmax(6rem, 1fr)',
      wide: true,
      cell: ({ namespaces }) => namespaces?.include?.join(', '),
    },
    {
      title: 'Standing',
      width: 'minmax(6rem, 1fr)',
      cell: ({ name }) => <StandingBar summary={summaries.get(name)} />,
    },
    {
      title: 'Matched',
      width: '8.5rem',
      narrow: '4.5rem',
      number: true,
      cell: ({ name }) => <GroupCounts counts={counts.get(name)} />,
    },
  ];
}
