/** The rules of a policy, and what it says where none of them decides, each with its hits. */
import type { JSX } from 'preact';
import type { Policy, Rule } from '../message-types';
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
  readonly comment: string | undefined;
  readonly hook: string | undefined;
  readonly match: string;
  readonly verdict: string | undefined;
  readonly shadow: boolean;
  readonly isSampled: boolean;
  /** Undefined: nothing is counted for it. */
  readonly hits: Hits | undefined;
}

/** Of a rule that has matched nothing, nothing is told. */
interface Hits {
  readonly counts: GroupCount | undefined;
}

function rowsOf(policy: Policy, counts: ReadonlyMap<string, GroupCount>): Row[] {
  const { rules = [], defaultVerdicts = [] } = policy;
  const ofRules = rules.map((rule: Rule) => ({
    key: rule.id,
    name: rule.id,
    comment: rule.comment,
    hook: rule.hook,
    match: matchText(rule.match),
    verdict: rule.action,
    shadow: rule.shadow ?? false,
    isSampled: rule.log !== undefined,
    hits: { counts: counts.get(rule.id) },
  }));
  const ofDefaults = defaultVerdicts.map(({ hook = '', verdict, log }) => ({
    key: `default ${hook}`,
    name: 'default verdict',
    comment: undefined,
    hook,
    match: 'what no rule decides',
    verdict,
    shadow: false,
    isSampled: log !== undefined,
    hits: undefined,
  }));
  return [...ofRules, ...ofDefaults];
}

function columnsOf(policy: string): readonly Column<Row>[] {
  return [
    {
      title: 'Rule',
      width: 'minmax(6rem, 1.2fr)',
      cell: ({ name, comment }) => <span title={comment}>{name}</span>,
    },
    { title: 'Hook', width: '6.5rem', wide: true, cell: ({ hook }) => word(hook, 'HOOK_') },
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
      cell: ({ hits }) => (hits === undefined ? '–' : <GroupCounts counts={hits.counts} />),
    },
    {
      title: 'Bytes',
      width: '5.5rem',
      wide: true,
      number: true,
      cell: ({ hits }) => (hits === undefined ? '–' : bytes(hits.counts?.group.counters?.bytes)),
    },
    {
      title: 'Last hit',
      width: '5.5rem',
      wide: true,
      number: true,
      cell: ({ hits }) => (hits === undefined ? '–' : lastHitText(hits.counts)),
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
