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
  /** By the last messages; undefined when nothing has come for a while. */
  readonly rate: number | undefined;
}

interface Tracked {
  group: StatsGroup;
  readonly window: RateWindow;
}

export interface GroupCountsQuery {
  readonly filter: object;
  readonly groupBy: readonly string[];
}

/** By namespace, policy or rule, whichever is grouped by last. */
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
  const name = group.ruleId ?? group.policy ?? group.namespace ?? '';
  const tracked = groups.get(name) ?? { group, window: new RateWindow(1, 10) };
  tracked.group = group;
  tracked.window.push(seconds, [Number(group.counters?.packets ?? 0)]);
  groups.set(name, tracked);
}

function countOf({ group, window }: Tracked, now: number): GroupCount {
  const isFresh = now - (window.times.at(-1) ?? -Infinity) < 3;
  const [rate] = window.latest();
  return {
    group,
    packets: Number(group.counters?.packets ?? 0),
    rate: isFresh ? (rate ?? undefined) : undefined,
  };
}

export function GroupCounts({ counts }: { counts: GroupCount | undefined }): JSX.Element {
  if (counts === undefined) return <span class="mute">0</span>;
  return (
    <span title={`${whole(counts.packets)} packets`}>
      {compact(counts.packets)}
      {counts.rate !== undefined && counts.rate > 0 && <small class="rate"> {compact(counts.rate)}/s</small>}
    </span>
  );
}
