/** What rules matched, by one key, live. */
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { RateWindow } from '../live/rate-window';
import { useRedraw, useStream } from '../live/use-live';
import type { StatsGroup, StatsMessage } from '../message-types';
import { compact, whole } from './format';

export interface GroupCount {
  readonly group: StatsGroup;
  readonly packets: number;
  /** Of `packets`, by the last messages; undefined when nothing has come for a while. */
  readonly rate: number | undefined;
  /** Of packets that were seen, where that is told. */
  readonly seenRate: number | undefined;
}

interface Tracked {
  group: StatsGroup;
  readonly window: RateWindow;
}

export interface GroupCountsQuery {
  readonly filter: object;
  readonly groupBy: readonly string[];
}

/** By namespace, policy, rule or hook, whichever is grouped by last. */
export function useGroupCounts(query: GroupCountsQuery): ReadonlyMap<string, GroupCount> {
  const key = JSON.stringify(query);
  const groups = useMemo(() => new Map<string, Tracked>(), [key]);
  const newest = useRef(0);
  const redraw = useRedraw();
  useStream({
    method: 'StatsService/StreamStats',
    request: { ...query, interval: '1s' },
    onMessage: ({ groups: changed = [], time = '' }: StatsMessage) => {
      newest.current = Date.parse(time) / 1000;
      for (const group of changed) track(groups, group, newest.current);
      redraw();
    },
    onBreak: () => groups.forEach(({ window }) => window.break()),
  });
  return new Map([...groups].map(([name, tracked]) => [name, countOf(tracked, newest.current)]));
}

function track(groups: Map<string, Tracked>, group: StatsGroup, seconds: number): void {
  const name = group.hook ?? group.ruleId ?? group.policy ?? group.namespace ?? '';
  const tracked = groups.get(name) ?? {
    group,
    window: new RateWindow(2, { keepSeconds: 10, settleSeconds: 3 }),
  };
  tracked.group = group;
  tracked.window.push(seconds, [Number(group.counters?.packets ?? 0), Number(group.traffic?.seen ?? 0)]);
  groups.set(name, tracked);
}

function countOf({ group, window }: Tracked, now: number): GroupCount {
  const isFresh = now - (window.times.at(-1) ?? -Infinity) < 3;
  const [rate, seenRate] = isFresh ? window.latest() : [];
  return {
    group,
    packets: Number(group.counters?.packets ?? 0),
    rate: rate ?? undefined,
    seenRate: seenRate ?? undefined,
  };
}

export function GroupCounts({ counts }: { counts: GroupCount | undefined }): JSX.Element {
  if (counts === undefined) return <span class="mute">0</span>;
  return (
    <span class="counts" title={`${whole(counts.packets)} packets`}>
      {compact(counts.packets)}
      <small class="rate">{(counts.rate ?? 0) > 0 && `${compact(counts.rate ?? 0)}/s`}</small>
    </span>
  );
}
