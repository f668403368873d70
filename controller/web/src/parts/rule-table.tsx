/** The rules of a policy, and what it says where none of them decides, each with its hits. */
import type { JSX } from 'preact';
import type { Policy } from '../message-types';
import { ago, bytes, word } from './format';
import { GroupCounts, useGroupCounts, type GroupCount } from './group-counts';
import { matchText } from './match-text';
import { Link } from './router';
import { Empty } from './state-views';
import { Verdict } from './verdict';
import { VirtualTable, type Column } from './virtual-table';

interface Row {
  readonly key: string;
  readonly name: string;
  readonly comment?: string | undefined;
  readonly hook: string;
  readonly match: string;
  readonly verdict: string | undefined;
  readonly shadow?: boolean | undefined;
  readonly isSampled: boolean;
  /** Undefined: it has matched nothing. */
  readonly counts: GroupCount | undefined;
}

type Counts = ReadonlyMap<string, GroupCount>;

function rowsOf({ rules = [], defaultVerdicts = [] }: Policy, counts: Counts): Row[] {
  const ofRules = rules.map((rule) => ({
    key: rule.id,
    name: rule.id,
    comment: rule.comment,
    hook: word(rule.hook, 'HOOK_'),
    match: matchText(rule.match),
    verdict: rule.action,
    shadow: rule.shadow,
    isSampled: rule.log !== undefined,
    counts: counts.get(rule.id),
  }));
  const verdicts = [...new Set(defaultVerdicts.map(({ verdict = '' }) => verdict))];
  const ofDefaults = verdicts.map((verdict) => {
    const same = defaultVerdicts.filter((one) => one.verdict === verdict);
    return defaultRow(verdict, same, counts);
  });
  return [...ofRules, ...ofDefaults];
}

/** What default verdicts of one kind decide is counted together, at whichever hook. */
function defaultRow(verdict: string, same: readonly { hook?: string; log?: object }[], counts: Counts): Row {
  const key = `(default ${word(verdict, 'ACTION_')})`;
  return {
    key,
    name: 'default verdict',
    hook: same.map(({ hook }) => word(hook, 'HOOK_')).join(', '),
    match: 'what no rule decides',
    verdict,
    isSampled: same.some(({ log }) => log !== undefined),
    counts: counts.get(key),
  };
}

function columnsOf(policy: string): readonly Column<Row>[] {
  return [
    {
      title: 'Rule',
      width: 'minmax(6rem, 1.2fr)',
      cell: ({ name, comment }) => <span title={comment}>{name}</span>,
    },
    { title: 'Hook', width: '6.5rem', wide: true, cell: ({ hook }) => hook },
    {
      title: 'Match',
      width: 'minmax(9rem, 2.5fr)',
      wide: true,
      cell: ({ match }) => <code title={match}>{match}</code>,
    },
    {
      title: 'Action',
      width: '6.5rem',
      cell: ({ verdict, shadow }) => <Verdict verdict={verdict} shadow={shadow} />,
    },
    {
      title: 'Matched',
      width: '8.5rem',
      narrow: '4.5rem',
      number: true,
      cell: ({ counts }) => <GroupCounts counts={counts} />,
    },
    {
      title: 'Bytes',
      width: '5.5rem',
      wide: true,
      number: true,
      cell: ({ key, counts }) => (isDefault(key) ? '–' : bytes(counts?.group.counters?.bytes)),
    },
    {
      title: 'Last hit',
      width: '5.5rem',
      wide: true,
      number: true,
      cell: ({ key, counts }) => (isDefault(key) ? '–' : lastHitText(counts)),
    },
    {
      title: 'Samples',
      width: '4.5rem',
      wide: true,
      cell: ({ isSampled, name }) =>
        isSampled && (
          <Link to={`/packets?policy=${policy}`} label={`Packets of ${name}`}>
            packets
          </Link>
        ),
    },
  ];
}

/** Of default verdicts packets alone are counted. Ids of rules have no brackets. */
function isDefault(key: string): boolean {
  return key.startsWith('(');
}

function lastHitText(counts: GroupCount | undefined): string {
  if (counts?.group.lastHitTime === undefined) return 'never';
  return `${ago(counts.group.lastHitTime)} ago`;
}

export function RuleTable({ policy }: { policy: Policy }): JSX.Element {
  const counts = useGroupCounts({ filter: { policies: [policy.name] }, groupBy: ['STATS_DIMENSION_RULE'] });
  const rows = rowsOf(policy, counts);
  const id = policy.name.replace('policies/', '');
  return (
    <section aria-label="Rules">
      <h2>Rules</h2>
      {rows.length === 0 ? (
        <Empty title="It has no rules" />
      ) : (
        <VirtualTable label="Rules" rows={rows} keyOf={({ key }) => key} columns={columnsOf(id)} />
      )}
      {policy.defaultVerdicts === undefined && (
        <p class="mute">
          What no rule decides is left to later policies, and accepted where none says otherwise.
        </p>
      )}
    </section>
  );
}
