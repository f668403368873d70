/** `nsgate stats` and `unused`: what is counted, as lists. */
import type { ServiceError } from '@grpc/grpc-js';
import {
  Hook,
  hookToJSON,
  ListUnusedRulesRequest,
  RpcError,
  StatsDimension,
  StatsGroup,
  StatsOrder,
  StreamStatsRequest,
  type StatsFilter,
  type StreamStatsResponse,
} from '@nsgate/proto';
import { allPages, call } from './call';
import { resourceName, type CommandContext } from './command-context';
import { CommandError } from './exit-code';
import { render, shortName, wholeJson, type Listing, type Output } from './output';

export const DIMENSIONS = ['host', 'namespace', 'policy', 'rule', 'hook'] as const;
export const ORDERS = ['packets', 'bytes', 'stopped'] as const;

/** That can be asked for with rates, or in an order. */
export const MAX_LIMIT = 10_000;

/** What narrows statistics and packets, as options give it. */
export interface NarrowingOptions {
  readonly host?: readonly string[];
  readonly namespace?: readonly string[];
  readonly policy?: readonly string[];
  readonly rule?: readonly string[];
  readonly filter?: string;
}

export interface StatsOptions extends NarrowingOptions {
  readonly by: readonly string[];
  readonly rates: boolean;
  readonly limit?: number | undefined;
  readonly sort: (typeof ORDERS)[number];
  readonly interval: number;
  readonly output: Output;
}

export function statsFilter(options: NarrowingOptions): StatsFilter {
  const { host = [], namespace = [], policy = [], rule = [], filter = '' } = options;
  return {
    hosts: host.map((name) => resourceName('hosts', name)),
    namespaces: [...namespace],
    policies: policy.map((name) => resourceName('policies', name)),
    ruleIds: [...rule],
    hostLabels: filter,
  };
}

/** The counts once; with rates, after an interval. */
export async function showStats(context: CommandContext, options: StatsOptions): Promise<void> {
  // Rates of all: without a limit only those that rise are told.
  const limit = options.rates ? (options.limit ?? MAX_LIMIT) : options.limit;
  const call_ = context.connection.stats.streamStats(streamRequest({ ...options, limit }));
  try {
    for await (const { groups } of wholeMessages(call_)) {
      const isWithoutRates = groups.length > 0 && groups.every(({ rates }) => rates === undefined);
      if (options.rates && isWithoutRates) continue;
      context.print(render(statsListing(groups, options), options.output));
      if (groups.length === MAX_LIMIT) context.note(`the first ${MAX_LIMIT} by ${options.sort}`);
      break;
    }
  } catch (error) {
    throw RpcError.fromServiceError(error as ServiceError);
  } finally {
    call_.cancel();
  }
}

/** What is told of many groups in several messages, as one. */
export async function* wholeMessages(
  call_: AsyncIterable<StreamStatsResponse>,
): AsyncGenerator<StreamStatsResponse> {
  let parts: StreamStatsResponse[] = [];
  for await (const part of call_) {
    parts.push(part);
    if (part.more) continue;
    yield { ...(parts[0] ?? part), groups: parts.flatMap(({ groups }) => groups), more: false };
    parts = [];
  }
}

export interface UnusedOptions extends NarrowingOptions {
  readonly since?: string;
  readonly output: Output;
}

/** Rules that nothing has matched for a time, or ever. */
export async function showUnused(
  { connection: { stats }, print }: CommandContext,
  options: UnusedOptions,
): Promise<void> {
  const idleFor =
    options.since === undefined
      ? undefined
      : { seconds: BigInt(secondsSince(options.since, Date.now())), nanos: 0 };
  const rules = await allPages(
    (pageToken) => {
      const fields = { filter: statsFilter(options), idleFor, pageSize: 1000, pageToken };
      return call(stats.listUnusedRules.bind(stats), ListUnusedRulesRequest.fromPartial(fields));
    },
    (response) => response.rules,
  );
  const listing = {
    what: 'unused rules',
    columns: ['POLICY', 'RULE', 'LAST HIT'],
    rows: rules.map(({ policy, ruleId, lastHitTime }) => [
      policy,
      ruleId,
      lastHitTime?.toISOString() ?? 'never',
    ]),
    names: rules.map(({ policy, ruleId }) => `${policy.replace('policies/', '')}/${ruleId}`),
    json: rules.map((rule) => wholeJson('StatsGroup', StatsGroup.encode(rule).finish())),
  };
  print(render(listing, options.output));
}

/** How long ago, in seconds, `90`, `90s`, `15m`, `36h` and `30d` mean, or a time (RFC 3339; without a zone, of this machine). */
export function secondsSince(text: string, nowMs: number): number {
  const [, number = '', unit = ''] = /^([0-9]{1,9})([smhd]?)$/.exec(text) ?? [];
  if (number !== '') return Number(number) * SECONDS[(unit === '' ? 's' : unit) as 's'];
  const time = TIME.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) {
    throw new CommandError(
      'usage',
      `--since ${text} is no time such as 90s, 15m, 36h, 30d or 2026-11-01T06:00Z`,
    );
  }
  if (time > nowMs) throw new CommandError('usage', `--since ${text} is still to come`);
  return Math.floor((nowMs - time) / 1000);
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };
const TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

export function streamRequest(options: StatsOptions): StreamStatsRequest {
  const { by, rates, limit = 0, sort, interval } = options;
  const dimensions = by.filter((one) => (DIMENSIONS as readonly string[]).includes(one));
  const labels = by.filter((one) => one.startsWith('label:')).map((one) => one.slice('label:'.length));
  const unknown = by.find((one) => !dimensions.includes(one) && !one.startsWith('label:'));
  if (unknown !== undefined) {
    throw new CommandError('usage', `--by ${unknown} is none of ${DIMENSIONS.join(', ')}, label:KEY, total`);
  }
  return StreamStatsRequest.fromPartial({
    filter: statsFilter(options),
    groupBy: dimensions.map(
      (one) => StatsDimension[`STATS_DIMENSION_${one.toUpperCase()}` as 'STATS_DIMENSION_HOST'],
    ),
    groupByLabels: labels,
    interval: { seconds: BigInt(Math.floor(interval)), nanos: Math.round((interval % 1) * 1e9) },
    top: limit,
    order: StatsOrder[`STATS_ORDER_${sort.toUpperCase()}` as 'STATS_ORDER_PACKETS'],
    rates,
  });
}

type Column = readonly [name: string, cell: (group: StatsGroup) => string];

export function statsListing(
  groups: readonly StatsGroup[],
  options: Pick<StatsOptions, 'by' | 'rates'>,
): Listing {
  const hasTraffic = groups.some(({ traffic }) => traffic !== undefined);
  const keys = options.by.flatMap(keyColumns);
  const columns = [...keys, ...(options.rates ? rateColumns(hasTraffic) : countColumns(hasTraffic))];
  return {
    what: 'counts',
    columns: columns.map(([name]) => name),
    rows: groups.map((group) => columns.map(([, cell]) => cell(group))),
    names: groups.map((group) =>
      keys.map(([, cell]) => cell(group).replace(/^(hosts|policies)\//, '')).join('/'),
    ),
    json: groups.map((group) => wholeJson('StatsGroup', StatsGroup.encode(group).finish())),
  };
}

function keyColumns(dimension: string): Column[] {
  const policy: Column = ['POLICY', (group) => group.policy];
  switch (dimension) {
    case 'host':
      return [['HOST', ({ host }) => host]];
    case 'namespace':
      return [['NAMESPACE', ({ namespace }) => namespace]];
    case 'policy':
      return [policy];
    case 'rule':
      return [policy, ['RULE', ({ ruleId }) => ruleId]];
    case 'hook':
      return [
        [
          'HOOK',
          ({ hook }) => (hook === Hook.HOOK_UNSPECIFIED ? '(rules)' : shortName(hookToJSON(hook), 'HOOK_')),
        ],
      ];
    default: {
      const key = dimension.slice('label:'.length);
      return [[key.toUpperCase(), ({ labels }) => labels[key] ?? '']];
    }
  }
}

function countColumns(hasTraffic: boolean): Column[] {
  const matched: Column[] = [
    ['MATCHED', ({ counters }) => String(counters?.packets ?? 0n)],
    ['BYTES', ({ counters }) => String(counters?.bytes ?? 0n)],
    ['SHADOW', ({ counters }) => String(counters?.shadowPackets ?? 0n)],
  ];
  if (!hasTraffic)
    return [...matched, ['LAST HIT', ({ lastHitTime }) => lastHitTime?.toISOString() ?? 'never']];
  return [
    ['ACCEPTED', ({ traffic }) => String(traffic?.accepted ?? 0n)],
    ['DROPPED', ({ traffic }) => String(traffic?.dropped ?? 0n)],
    ['REJECTED', ({ traffic }) => String(traffic?.rejected ?? 0n)],
    ['BY DEFAULT', ({ traffic }) => String(traffic?.defaulted ?? 0n)],
    ['SHADOW DROPPED', ({ traffic }) => String(traffic?.shadowDropped ?? 0n)],
    ['MALFORMED', ({ traffic }) => String(traffic?.malformed ?? 0n)],
    ...matched.slice(0, 2),
  ];
}

function rateColumns(hasTraffic: boolean): Column[] {
  const rate = (value: number | undefined): string => (value ?? 0).toFixed(1);
  const matched: Column[] = [
    ['MATCHED/S', ({ rates }) => rate(rates?.packets)],
    ['BYTES/S', ({ rates }) => rate(rates?.bytes)],
  ];
  if (!hasTraffic) return [...matched, ['SHADOW/S', ({ rates }) => rate(rates?.shadowPackets)]];
  return [
    ['ACCEPTED/S', ({ rates }) => rate(rates?.accepted)],
    ['DROPPED/S', ({ rates }) => rate(rates?.dropped)],
    ['REJECTED/S', ({ rates }) => rate(rates?.rejected)],
    ...matched,
  ];
}
