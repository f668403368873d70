// Draws what a packet costs by the number of rules, as an SVG with logarithmic axes: one panel for each version of IP.
import type { Row, Subject } from './measurement';
import { type Ip, ips } from './rule';
import { worstBySize } from './worst-rows';

const panel = { width: 420, height: 300, left: 64, top: 40, right: 96, bottom: 44 } as const;
const colours: Readonly<Partial<Record<Subject, string>>> = {
  nsgate: '#0b6e4f',
  'nft-linear': '#b5651d',
  'nft-set': '#7a3e9d',
  iptables: '#2f5d9b',
};

interface Point {
  readonly rules: number;
  readonly instructions: number;
}

/** Maps values of a logarithmic axis, whole decades of it, to places. */
class LogAxis {
  readonly decades: readonly number[];

  constructor(
    values: readonly number[],
    private readonly from: number,
    private readonly to: number,
  ) {
    const first = Math.floor(Math.log10(Math.min(...values)));
    const last = Math.max(Math.ceil(Math.log10(Math.max(...values))), first + 1);
    this.decades = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  }

  place(value: number): number {
    const [first = 0] = this.decades;
    const share = (Math.log10(value) - first) / (this.decades.length - 1);
    return Math.round((this.from + share * (this.to - this.from)) * 10) / 10;
  }
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${content}</text>`;
}

function grid(xAxis: LogAxis, yAxis: LogAxis): string[] {
  const bottom = panel.height - panel.bottom;
  const right = panel.width - panel.right;
  const rows = yAxis.decades.flatMap((decade) => {
    const y = yAxis.place(10 ** decade);
    const label = text(panel.left - 6, y + 4, (10 ** decade).toLocaleString('en-US'), 'text-anchor="end"');
    return [`<path d="M${panel.left} ${y}H${right}" stroke="#ddd"/>`, label];
  });
  const columns = xAxis.decades.map((decade) => {
    const label = (10 ** decade).toLocaleString('en-US');
    return text(xAxis.place(10 ** decade), bottom + 18, label, 'text-anchor="middle"');
  });
  return [
    ...rows,
    ...columns,
    text((panel.left + right) / 2, panel.height - 8, 'rules', 'text-anchor="middle"'),
  ];
}

function line(subject: Subject, points: readonly Point[], xAxis: LogAxis, yAxis: LogAxis): string[] {
  const places = points.map(
    ({ rules, instructions }) => `${xAxis.place(rules)} ${yAxis.place(instructions)}`,
  );
  const last = points.at(-1);
  if (!last) return [];
  const colour = colours[subject] ?? '#000';
  const label = text(
    xAxis.place(last.rules) + 6,
    yAxis.place(last.instructions) + 4,
    subject,
    `fill="${colour}"`,
  );
  return [`<path d="M${places.join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>`, label];
}

function drawPanel(rows: readonly Row[], ip: Ip, index: number): string {
  const lines = (Object.keys(colours) as Subject[]).map((subject) => ({
    subject,
    points: worstBySize(rows, subject, ip).filter(({ instructions }) => instructions > 0),
  }));
  const points = lines.flatMap((each) => each.points);
  if (points.length === 0) return '';
  const right = panel.width - panel.right;
  const xAxis = new LogAxis(
    points.map(({ rules }) => rules),
    panel.left,
    right,
  );
  const yAxis = new LogAxis(
    points.map(({ instructions }) => instructions),
    panel.height - panel.bottom,
    panel.top,
  );
  const title = text(
    panel.left,
    22,
    `IPv${ip}: instructions per packet above the bare hook`,
    'font-weight="bold"',
  );
  const drawn = lines.flatMap((each) => line(each.subject, each.points, xAxis, yAxis));
  const content = [title, ...grid(xAxis, yAxis), ...drawn].join('\n');
  return `<g transform="translate(${index * panel.width} 0)">\n${content}\n</g>\n`;
}

/** The chart as an SVG document: for each subject the likely kind of ruleset that is worst for it. */
export function packetChart(rows: readonly Row[]): string {
  const shown = ips.filter((ip) => rows.some((row) => row.ip === ip));
  const width = panel.width * shown.length;
  const size = `width="${width}" height="${panel.height}" viewBox="0 0 ${width} ${panel.height}"`;
  const background = `<rect width="${width}" height="${panel.height}" fill="#fff"/>\n`;
  const panels = shown.map((ip, index) => drawPanel(rows, ip, index)).join('');
  const font = 'font-family="sans-serif" font-size="12"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>\n${background}${panels}</svg>\n`;
}
