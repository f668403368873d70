/** What became of packets at each hook, live. */
import type { JSX } from 'preact';
import type { Traffic } from '../message-types';
import { compact, whole, word } from './format';
import { useGroupCounts, type GroupCount } from './group-counts';
import { Empty } from './state-views';
import { VirtualTable, type Column } from './virtual-table';

const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((hook) => `HOOK_${hook}`);

interface HookCount extends GroupCount {
  readonly hook: string;
}

const countColumn = (title: string, field: keyof Traffic, { wide = false } = {}): Column<HookCount> => ({
  title,
  width: 'minmax(4.5rem, 1fr)',
  number: true,
  wide,
  cell: ({ group: { traffic } }) => <Count value={traffic?.[field]} />,
});

const COLUMNS: readonly Column<HookCount>[] = [
  { title: 'Hook', width: 'minmax(6.5rem, 1fr)', cell: ({ hook }) => word(hook, 'HOOK_') },
  {
    title: 'Packets/s',
    width: 'minmax(4.5rem, 1fr)',
    number: true,
    wide: true,
    cell: ({ seenRate }) => compact(seenRate ?? 0),
  },
  countColumn('Seen', 'seen', { wide: true }),
  countColumn('Accepted', 'accepted'),
  countColumn('Dropped', 'dropped'),
  countColumn('Rejected', 'rejected'),
  countColumn('Shadow', 'shadowDropped', { wide: true }),
  countColumn('By default', 'defaulted', { wide: true }),
  countColumn('Malformed', 'malformed', { wide: true }),
];

function Count({ value = '0' }: { value?: string | undefined }): JSX.Element {
  return (
    <span title={`${whole(value)} packets`} class={value === '0' ? 'mute' : ''}>
      {compact(Number(value))}
    </span>
  );
}

export interface HookCountsProps {
  readonly filter: { hosts?: string[]; namespaces?: string[] };
}

export function HookCounts({ filter }: HookCountsProps): JSX.Element {
  const counts = useGroupCounts({ filter, groupBy: ['STATS_DIMENSION_HOOK'] });
  const rows = HOOKS.flatMap((hook) => {
    const count = counts.get(hook);
    return count === undefined ? [] : [{ hook, ...count }];
  });
  return (
    <section aria-label="By hook">
      <h2>By hook</h2>
      {rows.length === 0 ? (
        <Empty title="No namespace with a ruleset has seen a packet yet" />
      ) : (
        <VirtualTable label="Hooks" rows={rows} keyOf={({ hook }) => hook} columns={COLUMNS} />
      )}
    </section>
  );
}
