/** What becomes of packets, live: of the fleet, or of what a filter leaves. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { RateWindow } from '../live/rate-window';
import { useRedraw, useStream } from '../live/use-live';
import type { StatsGroup, StatsMessage } from '../message-types';
import { RateChart, type SeriesLook } from './rate-chart';
import { Failure, Loading, StreamBadge } from './state-views';

const KEPT_SECONDS = 300;

const VERDICTS: readonly SeriesLook[] = [
  { label: 'accepted', colour: 'accept' },
  { label: 'dropped', colour: 'drop' },
  { label: 'rejected', colour: 'reject', dash: [8, 3] },
  { label: 'shadow', colour: 'shadow', dash: [2, 3] },
];

export interface TrafficChartProps {
  readonly label: string;
  readonly filter?: { hosts?: string[]; namespaces?: string[] };
  readonly height?: number;
}

export function TrafficChart({ label, filter = {}, height }: TrafficChartProps): JSX.Element {
  const key = JSON.stringify(filter);
  const rates = useMemo(() => new RateWindow(VERDICTS.length, KEPT_SECONDS), [key]);
  /** `time` of the newest message, by the controller's clock, and when it came, by ours. */
  const seen = useRef({ time: 0, cameAt: 0, counts: [0, 0, 0, 0] });
  const redraw = useRedraw();
  useEffect(() => {
    const timer = setInterval(() => {
      const { time, cameAt } = seen.current;
      if (time !== 0) rates.quiet(time + (performance.now() - cameAt) / 1000);
      redraw();
    }, 1000);
    return () => clearInterval(timer);
  }, [rates]);
  const state = useStream({
    method: 'StatsService/StreamStats',
    request: { filter, interval: '1s' },
    onMessage: ({ groups = [], time = '' }: StatsMessage) => {
      const [group] = groups;
      if (group !== undefined) seen.current.counts = countsOf(group);
      seen.current.time = Date.parse(time) / 1000;
      seen.current.cameAt = performance.now();
      rates.push(seen.current.time, seen.current.counts);
      redraw();
    },
    onBreak: () => rates.break(),
  });
  if (state.kind === 'refused') return <Failure error={state.error} what={label} />;
  if (seen.current.time === 0) return <Loading what={label.toLowerCase()} />;
  return (
    <section class="card" aria-label={label}>
      <div class="corner">
        <StreamBadge state={state} />
      </div>
      <RateChart
        label={label}
        unit="packets/s"
        rates={rates}
        looks={VERDICTS}
        version={rates.times.at(-1) ?? 0}
        {...(height === undefined ? {} : { height })}
      />
    </section>
  );
}

function countsOf({ traffic = {}, counters = {} }: StatsGroup): number[] {
  const { accepted, dropped, rejected, shadowDropped = counters.shadowPackets } = traffic;
  return [accepted, dropped, rejected, shadowDropped].map((count) => Number(count ?? 0));
}
