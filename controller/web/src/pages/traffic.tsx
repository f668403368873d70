/** Traffic of the fleet: over time, by hook, and which policies match it. */
import type { JSX } from 'preact';
import { FilterBox, matchesWords } from '../parts/filter-box';
import { bytes, compact, shortName, whole } from '../parts/format';
import { useGroupCounts, type GroupCount } from '../parts/group-counts';
import { HookCounts } from '../parts/hook-counts';
import { Link, useParameter } from '../parts/router';
import { Empty } from '../parts/state-views';
import { TrafficChart } from '../parts/traffic-chart';
import { VirtualTable, type Column } from '../parts/virtual-table';

interface RuleCount extends GroupCount {
  readonly key: string;
}

const COLUMNS: readonly Column<RuleCount>[] = [
  {
    title: 'Policy',
    width: 'minmax(7rem, 1.2fr)',
    cell: ({ group: { policy = '' } }) => <Link to={`/${policy}`}>{shortName(policy)}</Link>,
  },
  { title: 'Packets/s', width: '6rem', number: true, cell: ({ rate }) => compact(rate ?? 0) },
  { title: 'Packets', width: '7rem', number: true, cell: ({ packets }) => compact(packets) },
  {
    title: 'Shadow',
    width: '6rem',
    wide: true,
    number: true,
    cell: ({ group }) => compact(Number(group.counters?.shadowPackets ?? 0)),
  },
  {
    title: 'Bytes',
    width: '7rem',
    wide: true,
    number: true,
    cell: ({ group }) => bytes(group.counters?.bytes),
  },
];

export function TrafficPage(): JSX.Element {
  const [filter, setFilter] = useParameter('filter');
  const counts = useGroupCounts({ filter: {}, groupBy: ['STATS_DIMENSION_POLICY'] });
  const rows = [...counts]
    .map(([key, count]) => ({ key, ...count }))
    .filter(({ group }) => matchesWords(group.policy ?? '', filter))
    .sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0) || b.packets - a.packets);
  return (
    <>
      <header class="page-head">
        <h1>Traffic</h1>
      </header>
      <TrafficChart label="All namespaces with a ruleset" height={320} />
      <HookCounts filter={{}} />
      <h2>What policies match</h2>
      <FilterBox
        label="Filter policies"
        value={filter}
        onChange={setFilter}
        shown={rows.length === 1 ? '1 policy' : `${whole(rows.length)} policies`}
      />
      {rows.length === 0 ? (
        <Empty title={counts.size === 0 ? 'No rule has matched a packet yet' : 'No policy fits the filter'} />
      ) : (
        <VirtualTable label="Policies by traffic" rows={rows} keyOf={({ key }) => key} columns={COLUMNS} />
      )}
    </>
  );
}
