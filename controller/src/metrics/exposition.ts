/** Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/), version 0.0.4, in slices. */
import type { Pace } from './pace';

/** Metrics of one name. */
export interface MetricFamily {
  readonly name: string;
  /** One line. */
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Each with labels of its own. Read as they are written. */
  readonly samples: Iterable<MetricSample>;
}

export interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | bigint;
}

/** What has metrics to tell; works in slices of `pace`. */
export type MetricSource = (pace: Pace) => Iterable<MetricFamily> | AsyncIterable<MetricFamily>;

/** A metric without labels. */
export function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ value }] };
}

/** One sample for each value of a label. */
export function* byLabel(
  label: string,
  values: Iterable<readonly [string, number | bigint]>,
): Generator<MetricSample> {
  for (const [text, value] of values) yield { labels: { [label]: text }, value };
}

const LINES_PER_PART = 512;

/** The families as text, in parts. */
export async function* expose(families: AsyncIterable<MetricFamily>, pace: Pace): AsyncGenerator<string> {
  for await (const { name, help, type, samples } of families) {
    let lines = [`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`];
    for (const { labels, value } of samples) {
      lines.push(`${name}${labelText(labels)} ${valueText(value)}\n`);
      if (lines.length >= LINES_PER_PART) {
        yield lines.join('');
        lines = [];
      }
      if (pace.isDue()) await pace.rest();
    }
    yield lines.join('');
  }
}

function labelText(labels: MetricSample['labels']): string {
  if (labels === undefined) return '';
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return /["\\\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value;
}

/** Values are 64-bit floats for Prometheus: of counts beyond 2^53, the nearest. */
function valueText(value: number | bigint): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
