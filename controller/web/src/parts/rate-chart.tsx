/** Rates over time, drawn by uPlot; told in words for who does not see them. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { RateWindow } from '../live/rate-window';
import { compact } from './format';
import { THEME_CHANGED } from './theme';

export interface SeriesLook {
  readonly label: string;
  /** A custom property of style.css. */
  readonly colour: string;
  /** A line that is told apart without colours. */
  readonly dash?: number[];
}

export interface RateChartProps {
  readonly label: string;
  readonly unit: string;
  readonly rates: RateWindow;
  readonly looks: readonly SeriesLook[];
  readonly badge: ComponentChildren;
  readonly height?: number;
}

export function RateChart({ label, unit, rates, looks, badge, height = 260 }: RateChartProps): JSX.Element {
  /** Where the pointer is, as a place in `rates`. */
  const [pointed, setPointed] = useState<number | null>(null);
  const place = usePlot({ rates, looks, height, onPoint: setPointed });
  const shown = pointed === null ? rates.latest() : rates.series.map((one) => one[pointed] ?? null);
  const time = pointed === null ? undefined : rates.times[pointed];
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{label}</span> {badge}
        <ul class="legend">
          {looks.map((look, i) => (
            <li key={look.label}>
              <i class={`swatch swatch-${look.colour}`} aria-hidden="true" />
              {look.label} <b>{rateText(shown[i])}</b>
            </li>
          ))}
          <li class="mute">
            {unit}
            {time !== undefined && ` at ${clock(time)}`}
          </li>
        </ul>
      </figcaption>
      <div
        ref={place}
        class="plot"
        style={{ height: `${height}px` }}
        data-since={rates.times[0]}
        aria-hidden="true"
      >
        {rates.times.length === 0 && <p class="plot-note">Nothing has been counted yet.</p>}
      </div>
    </figure>
  );
}

interface PlotUse extends Pick<RateChartProps, 'rates' | 'looks'> {
  readonly height: number;
  readonly onPoint: (place: number | null) => void;
}

/** Gives what the plot is drawn into. */
function usePlot({ rates, looks, height, onPoint }: PlotUse): { current: HTMLDivElement | null } {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const make = (): void => {
      plot.current?.destroy();
      const options = plotOptions({ rates, looks, width: element.clientWidth, height, onPoint });
      plot.current = new uPlot(options, dataOf(rates), element);
    };
    make();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    window.addEventListener(THEME_CHANGED, make);
    scheme.addEventListener('change', make);
    return () => {
      resized.disconnect();
      window.removeEventListener(THEME_CHANGED, make);
      scheme.removeEventListener('change', make);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [rates, height]);
  // Whoever has new rates draws anew.
  useEffect(() => plot.current?.setData(dataOf(rates)));
  return place;
}

function rateText(rate: number | null | undefined): string {
  return rate === null || rate === undefined ? '–' : compact(rate);
}

function dataOf({ times, series }: RateWindow): uPlot.AlignedData {
  return [times, ...series] as uPlot.AlignedData;
}

function clock(seconds: number, { withSeconds = true } = {}): string {
  const time = new Date(seconds * 1000).toLocaleTimeString('en-GB');
  return withSeconds ? time : time.slice(0, 5);
}

/** Whether marks of the axis stand closer than minutes. */
function areWithinMinutes(times: readonly number[]): boolean {
  return times.some((time) => time % 60 !== 0);
}

/** In seconds. */
const TIME_STEPS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400];
const LEAST_SECONDS = 60;

/** From the first time that is known, but not less than a minute: a chart that has just begun grows from the right. */
function timeRange(first: number | undefined, last: number | null): [number, number] {
  const end = last ?? Date.now() / 1000;
  return [Math.min(first ?? end, end - LEAST_SECONDS), end];
}

interface PlotShape extends PlotUse {
  readonly width: number;
}

function plotOptions({ rates, looks, width, height, onPoint }: PlotShape): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const axis: uPlot.Axis = {
    stroke: colour('mute'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  return {
    width,
    height,
    legend: { show: false },
    // So that half of a time has room at the right end of its axis.
    padding: [null, 32, null, null],
    cursor: { y: false, drag: { x: false, y: false } },
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
    scales: {
      x: { range: (_plot, _first, last) => timeRange(rates.times[0], last) },
      y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 32,
        space: 80,
        incrs: TIME_STEPS,
        values: (_plot, times) => times.map((time) => clock(time, { withSeconds: areWithinMinutes(times) })),
      },
      { ...axis, size: 56, values: (_plot, values) => values.map((value) => compact(value)) },
    ],
    series: [
      {},
      ...looks.map((look) => ({
        label: look.label,
        stroke: colour(look.colour),
        width: 2,
        points: { show: false },
        ...(look.dash === undefined ? {} : { dash: look.dash }),
      })),
    ],
  };
}
