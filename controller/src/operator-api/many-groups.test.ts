/** StreamStats of more groups than one message has room for. */
import { StatsDimension, StreamStatsRequest, StreamStatsResponse } from '@nsgate/proto';
import { ANY_PACKET } from '../model/match';
import type { CallContext } from '../rpc/service';
import { bindingReport } from '../stats/binding-report.testing';
import { CounterLedger } from '../stats/counter-ledger';
import type { HistoryStore } from '../stats/history-store';
import { PacketLog } from '../stats/packet-log';
import { RuleDirectory } from '../stats/rule-directory';
import { StatsFeed } from '../stats/stats-feed';
import { statsService } from './stats-service';

const NAMESPACES = 12_000;

const rules = new RuleDirectory(() => 1n);
rules.put({
  ...{ name: 'policies/p', uid: 'u' },
  rules: [{ id: 'a', comment: '', hook: 'input', match: ANY_PACKET, action: { kind: 'count' } }],
});
const ledger = new CounterLedger({ rules, onOddity: () => undefined });
const labelsOf = (): Map<string, string> => new Map();
const service = statsService({
  ...{ ledger, rules, labelsOf, packets: new PacketLog(), history: {} as unknown as HistoryStore },
  feed: new StatsFeed({ ledger, labelsOf, onWatched: () => undefined }),
});

/** The first `count` listings, each in as many messages as it takes. */
async function listings(
  count: number,
  fields: Parameters<typeof StreamStatsRequest.fromPartial>[0],
): Promise<StreamStatsResponse[][]> {
  const request = StreamStatsRequest.fromPartial({
    groupBy: [StatsDimension.STATS_DIMENSION_NAMESPACE],
    ...fields,
  });
  const context = { signal: new AbortController().signal } as CallContext;
  const messages = service.handlerOf('streamStats')(request, context) as AsyncIterable<StreamStatsResponse>;
  const whole: StreamStatsResponse[][] = [[]];
  for await (const message of messages) {
    whole.at(-1)?.push(message);
    if (message.more) continue;
    if (whole.length === count) break;
    whole.push([]);
  }
  return whole;
}

describe('a stream of statistics', () => {
  beforeAll(() => {
    for (let i = 0; i < NAMESPACES; i++) {
      const namespace = `${'n'.repeat(200)}-${i}`;
      ledger.ingest('h1', bindingReport(1n, [{ key: 1n, packets: 1n }], { namespace }));
    }
  });

  it.each([
    ['all groups', {}, NAMESPACES],
    ['a top', { top: 10_000 }, 10_000],
  ])('tells %s in messages that clients take, which are parts of one', async (_what, fields, expected) => {
    const [parts = []] = await listings(1, fields);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map(({ snapshot, more }) => [snapshot, more])).toEqual(
      parts.map((_, i) => [i === 0, i < parts.length - 1]),
    );
    const names = parts.flatMap(({ groups }) => groups.map(({ namespace }) => namespace));
    expect([names.length, new Set(names).size]).toEqual([expected, expected]);
    for (const part of parts) expect(StreamStatsResponse.encode(part).finish().length).toBeLessThan(4 << 20);
  });

  it('tells a top at every interval, also when it is empty', async () => {
    const nothing = { filter: { hosts: ['hosts/h2'] }, top: 5, interval: { nanos: 100_000_000 } };
    const told = (await listings(3, nothing)).flat();
    expect(told.map(({ snapshot, groups }) => [snapshot, groups])).toEqual(Array(3).fill([true, []]));
  });
});
