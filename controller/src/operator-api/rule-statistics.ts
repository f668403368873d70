/** Which rules match most, and which match nothing. */
import type {
  ListTopRulesRequest,
  ListTopRulesResponse,
  ListUnusedRulesRequest,
  ListUnusedRulesResponse,
  StatsGroup as StatsGroupMessage,
} from '@nsgate/proto';
import { compareText } from '../model/resource-name';
import { Violations } from '../rpc/violations';
import type { CounterLedger } from '../stats/counter-ledger';
import { GroupedView } from '../stats/grouped-view';
import type { RuleDirectory, StandingRule } from '../stats/rule-directory';
import { cutTop } from '../stats/stats-feed';
import { StatsGrouping, type LabelsOf, type StatsFilter } from '../stats/stats-grouping';
import { parseDuration } from './field-parsers';
import { cutPage, parsePage } from './page';
import { groupMessage } from './stats-message';
import { parseLimit, parseStatsFilter, parseStatsOrder } from './stats-parser';

interface Counted {
  readonly ledger: CounterLedger;
  readonly rules: RuleDirectory;
  readonly labelsOf: LabelsOf;
}

const DAY_MS = 86_400_000;
const IDLE = { minMs: 0, maxMs: 3650 * DAY_MS };
const TOP = { max: 1000, otherwise: 10 };

export function listTopRules(
  { ledger, labelsOf }: Counted,
  request: ListTopRulesRequest,
): ListTopRulesResponse {
  const violations = new Violations();
  const filter = parseStatsFilter(request.filter, violations);
  const count = parseLimit(request.limit, 'limit', { ...TOP, violations });
  const order = parseStatsOrder(request.order, { hasTraffic: false }, violations);
  violations.throwIfAny();
  const groups = [...groupsByRule({ ledger, labelsOf }, filter)];
  const counted = groups.filter(({ counters }) => counters.packets > 0n);
  return { rules: cutTop(counted, { count, order }).map(groupMessage) };
}

export function listUnusedRules(counted: Counted, request: ListUnusedRulesRequest): ListUnusedRulesResponse {
  const violations = new Violations();
  const filter = parseStatsFilter(request.filter, violations);
  const idleMs = parseDuration(request.idleFor, 'idle_for', { ...IDLE, violations });
  const list = `unused rules ${JSON.stringify([filter, idleMs])}`;
  const { size, after } = parsePage(request, list, violations);
  violations.throwIfAny();
  const unused = unusedRules(counted, filter, idleMs).filter(
    (rule) =>
      after === undefined || compareRules(rule, { policy: after[0] ?? '', ruleId: after[1] ?? '' }) > 0,
  );
  const cut = { size, list, keyOf: ({ policy, ruleId }: StandingRule) => [policy, ruleId] };
  const { page, nextPageToken } = cutPage(unused.slice(0, size + 1), cut);
  return { rules: page.map(unusedMessage), nextPageToken };
}

function* groupsByRule(
  { ledger, labelsOf }: Pick<Counted, 'ledger' | 'labelsOf'>,
  filter: StatsFilter,
): Generator<ReturnType<GroupedView['group']>> {
  const query = { filter, groupBy: new Set(['rule' as const]), labelKeys: [] };
  const view = new GroupedView(ledger, new StatsGrouping(query, labelsOf), labelsOf);
  for (let number = 0; number < view.size; number++) yield view.group(number);
}

/** In order of policy and rule. `idleMs` undefined: those that were never hit. */
function unusedRules(counted: Counted, filter: StatsFilter, idleMs: number | undefined): StandingRule[] {
  const grouping = new StatsGrouping({ filter, groupBy: new Set(), labelKeys: [] }, counted.labelsOf);
  const narrowed = isNarrowedByPlace(filter) ? lastHitsOf(counted, filter) : undefined;
  const before = Date.now() - (idleMs ?? 0);
  return [...counted.rules.standing()]
    .filter((rule) => grouping.hasRule(rule))
    .map((rule) => (narrowed === undefined ? rule : { ...rule, lastHit: narrowed.get(nameOf(rule)) ?? 0 }))
    .filter(({ lastHit, since }) =>
      idleMs === undefined ? lastHit === 0 : (lastHit === 0 ? since : lastHit) <= before,
    )
    .sort(compareRules);
}

function isNarrowedByPlace({ hostIds, namespaces, hosts }: StatsFilter): boolean {
  return hostIds.length > 0 || namespaces.length > 0 || hosts.requirements.length > 0;
}

function lastHitsOf(counted: Counted, filter: StatsFilter): ReadonlyMap<string, number> {
  const groups = groupsByRule(counted, filter);
  return new Map([...groups].map(({ key, lastHit }) => [nameOf(key), lastHit]));
}

function nameOf({ policy, ruleId }: { policy: string; ruleId: string }): string {
  return `${policy}\0${ruleId}`;
}

type Named = Pick<StandingRule, 'policy' | 'ruleId'>;

function compareRules(a: Named, b: Named): number {
  return compareText(a.policy, b.policy) || compareText(a.ruleId, b.ruleId);
}

function unusedMessage({ policy, ruleId, lastHit }: StandingRule): StatsGroupMessage {
  const key = {
    hostId: '',
    namespace: '',
    policy,
    ruleId,
    hook: undefined,
    labels: new Map<string, string>(),
  };
  return { ...groupMessage({ key, counters: NOTHING, traffic: undefined, lastHit }), counters: undefined };
}

const NOTHING = { packets: 0n, bytes: 0n, shadowPackets: 0n };
