/** Rates over the last minutes, drawn by uPlot; told in words for who does not see them. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
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
  /** The newest message's time: what makes it draw again. */
  readonly version: number;
  readonly height?: number;
}

export function RateChart({ label, unit, rates, looks, version, height = 260 }: RateChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = looks.map((look) => look.label).join();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const make = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(
        plotOptions({ rates, looks, width: element.clientWidth, height }),
        dataOf(rates),
        element,
      );
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
  }, [shape, rates, height]);
  useEffect(() => plot.current?.setData(dataOf(rates)), [version]);
  const latest = rates.latest();
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{label}</span>
        <ul class="legend">
          {looks.map((look, i) => (
            <li key={look.label}>
              <i class={`swatch swatch-${look.colour}`} aria-hidden="true" />
              {look.label} <b>{rateText(latest[i])}</b> {unit}
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={place} class="plot" style={{ height: `${height}px` }} aria-hidden="true" />
    </figure>
  );
}

function rateText(rate: number | null | undefined): string {
  return rate === null || rate === undefined ? '–' : compact(rate);
}

function dataOf({ times, series }: RateWindow): uPlot.AlignedData {
  return [times, ...series] as uPlot.AlignedData;
}

/** In seconds. */
const TIME_STEPS = [1, 5, 10, 15, 30, 60, 120];
const LEAST_SECONDS = 60;

/** From the first time that is known, but not less than a minute: a chart that has just begun grows from the right. */
function timeRange(first: number | undefined, last: number | null): [number, number] {
  const end = last ?? Date.now() / 1000;
  return [Math.min(first ?? end, end - LEAST_SECONDS), end];
}

interface PlotShape extends Pick<RateChartProps, 'rates' | 'looks'> {
  readonly width: number;
  readonly height: number;
}

function plotOptions({ rates, looks, width, height }: PlotShape): uPlot.Options {
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
    cursor: { drag: { x: false, y: false } },
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
        values: (_plot, times) => times.map((time) => new Date(time * 1000).toLocaleTimeString('en-GB')),
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
