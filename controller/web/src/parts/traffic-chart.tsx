/** What becomes of packets: as it was kept, and on from there live; of the fleet, or of what a filter leaves. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError } from '../live/api-error';
import { call } from '../live/call';
import { keptRates } from '../live/kept-rates';
import { RateWindow, type KnownRates, type RateWindowOptions } from '../live/rate-window';
import { useRedraw, useStream } from '../live/use-live';
import type { StatsHistory, StatsMessage, Traffic } from '../message-types';
import { RateChart, type SeriesLook } from './rate-chart';
import { useParameter } from './router';
import { Failure, Loading, StreamBadge } from './state-views';

interface Range {
  readonly name: string;
  readonly seconds: number;
  /** Between points that are kept, and between messages. */
  readonly step: number;
  readonly interval: number;
}

/** Hosts report every second, more or less: counts of one second would jump. */
const FIVE_MINUTES: Range = { name: '5 min', seconds: 300, step: 5, interval: 2 };
/** As statistics are kept: an hour at 5 s, a day at a minute. */
const RANGES: readonly Range[] = [
  FIVE_MINUTES,
  { name: '1 h', seconds: 3600, step: 5, interval: 5 },
  { name: '24 h', seconds: 86_400, step: 60, interval: 60 },
];

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

export function TrafficChart(props: TrafficChartProps): JSX.Element {
  const [name, choose] = useParameter('range');
  const range = RANGES.find((one) => one.name === name) ?? FIVE_MINUTES;
  const { label, filter = {} } = props;
  return (
    <section class="card" aria-label={label}>
      <RangeChoice chosen={range} onChoose={(next) => choose(next === FIVE_MINUTES ? '' : next.name)} />
      <LiveTraffic key={JSON.stringify([range.name, filter])} {...props} filter={filter} range={range} />
    </section>
  );
}

function RangeChoice({ chosen, onChoose }: { chosen: Range; onChoose: (range: Range) => void }): JSX.Element {
  return (
    <div class="ranges" role="group" aria-label="Range of time">
      {RANGES.map((range) => (
        <button
          type="button"
          class="quiet"
          key={range.name}
          aria-pressed={range === chosen}
          onClick={() => onChoose(range)}
        >
          {range.name}
        </button>
      ))}
    </div>
  );
}

type LiveTrafficProps = TrafficChartProps & { readonly range: Range; readonly filter: object };

function LiveTraffic({ label, filter, height, range }: LiveTrafficProps): JSX.Element {
  const rates = useMemo(() => new RateWindow(VERDICTS.length, windowOf(range)), []);
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
  }, []);
  const past = usePast({ filter, range, rates, redraw });
  const state = useStream({
    method: 'StatsService/StreamStats',
    request: { filter, interval: `${range.interval}s` },
    onOpen: past.forget,
    onMessage: ({ groups = [], time = '' }: StatsMessage) => {
      const [group] = groups;
      if (group !== undefined) seen.current.counts = countsOf(group);
      seen.current.time = secondsOf(time);
      seen.current.cameAt = performance.now();
      rates.push(seen.current.time, seen.current.counts);
      past.readUpTo(seen.current.time);
      redraw();
    },
    onBreak: () => rates.break(),
  });
  if (state.kind === 'refused') return <Failure error={state.error} what={label} />;
  if (seen.current.time === 0) return <Loading what={label.toLowerCase()} />;
  return (
    <>
      <RateChart
        label={label}
        unit="packets/s"
        rates={rates}
        looks={VERDICTS}
        badge={<StreamBadge state={state} />}
        {...(height === undefined ? {} : { height })}
      />
      {past.error !== undefined && (
        <p class="stale-note">What was before cannot be read: {past.error.message}</p>
      )}
    </>
  );
}

interface PastUse {
  readonly filter: object;
  readonly range: Range;
  readonly rates: RateWindow;
  readonly redraw: () => void;
}

interface Past {
  readonly error: ApiError | undefined;
  /** A stream begins: what came before is to be read anew. */
  readonly forget: () => void;
  /** Reads it, once for each stream; `time` by the controller's clock. */
  readonly readUpTo: (time: number) => void;
}

function usePast({ filter, range, rates, redraw }: PastUse): Past {
  const isRead = useRef(false);
  const [error, setError] = useState<ApiError>();
  const read = async (time: number): Promise<void> => {
    try {
      rates.fillPast(await queryPast(filter, range, time));
      setError(undefined);
    } catch (caught) {
      setError(caught instanceof ApiError ? caught : ApiError.offline());
    }
    redraw();
  };
  return {
    error,
    forget: () => (isRead.current = false),
    readUpTo: (time) => {
      if (isRead.current) return;
      isRead.current = true;
      void read(time);
    },
  };
}

async function queryPast(filter: object, { seconds, step }: Range, now: number): Promise<KnownRates> {
  const to = Math.floor(now / step) * step;
  // A step less than is kept: the controller's clock goes on meanwhile, and it would answer by the minute.
  const from = to - seconds + 2 * step;
  const [startTime, endTime] = [from, to].map((time) => new Date(time * 1000).toISOString());
  const request = { filter, startTime, endTime, step: `${step}s` };
  const { series: [all] = [], gaps = [] } = await call<StatsHistory>('StatsService/QueryStats', request);
  const points = (all?.points ?? []).map((point) => ({
    seconds: secondsOf(point.time),
    counts: countsOf(point),
  }));
  const unknown = gaps.map(({ startTime: start, endTime: end }) => ({
    from: secondsOf(start),
    to: secondsOf(end),
  }));
  return keptRates(points, { from, to, step, seriesCount: VERDICTS.length, gaps: unknown });
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}

function windowOf({ seconds, interval }: Range): RateWindowOptions {
  return {
    keepSeconds: seconds,
    intervalSeconds: interval,
    settleSeconds: interval > 5 ? 0 : Math.max(4, interval),
  };
}

function countsOf({ traffic = {} }: { traffic?: Traffic }): number[] {
  const { accepted, dropped, rejected, shadowDropped } = traffic;
  return [accepted, dropped, rejected, shadowDropped].map((count) => Number(count ?? 0));
}
