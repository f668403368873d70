/** Where policies stand, worst first. */
import type { JSX } from 'preact';
import type { Realization } from '../message-types';
import { shortName, word } from './format';
import { Link } from './router';
import { Tone } from './state-views';
import { VirtualTable, type Column } from './virtual-table';

const ORDER = ['FAILED', 'PENDING', 'ENFORCED', 'ABSENT'];
const TONES = { FAILED: 'bad', PENDING: 'warn', ENFORCED: 'good', ABSENT: 'mute' } as const;

export interface RealizationTableProps {
  readonly realizations: readonly Realization[];
  /** What the first column names: the other is known where the table stands. */
  readonly by: 'policy' | 'host';
}

export function RealizationTable({ realizations, by }: RealizationTableProps): JSX.Element {
  const columns: readonly Column<Realization>[] = [
    {
      title: by === 'policy' ? 'Policy' : 'Host',
      width: 'minmax(7rem, 1fr)',
      cell: (one) => <Link to={`/${one[by]}`}>{shortName(one[by])}</Link>,
    },
    { title: 'Namespace', width: 'minmax(6rem, 1fr)', cell: ({ namespace }) => namespace ?? 'all' },
    {
      title: 'State',
      width: '7rem',
      cell: (one) => <Tone tone={TONES[stateOf(one)]}>{stateOf(one).toLowerCase()}</Tone>,
    },
    {
      title: 'Reason',
      width: 'minmax(8rem, 2fr)',
      wide: true,
      cell: ({ reason }) => <span title={reason}>{reason}</span>,
    },
  ];
  const rows = [...realizations].sort((a, b) => ORDER.indexOf(stateOf(a)) - ORDER.indexOf(stateOf(b)));
  return (
    <VirtualTable
      label="Realizations"
      rows={rows}
      keyOf={({ policy, host, namespace = '' }) => `${policy} ${host} ${namespace}`}
      columns={columns}
    />
  );
}

function stateOf({ state }: Realization): keyof typeof TONES {
  const name = word(state, 'REALIZATION_STATE_').toUpperCase();
  return name in TONES ? (name as keyof typeof TONES) : 'ABSENT';
}
