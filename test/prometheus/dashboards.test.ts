/** Dashboards and rules speak of metrics that controllers and agents tell, and of no others. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ruleKey } from '@nsgate/proto';
import { parse, stringify } from 'yaml';
import { createLocalCa } from '../../deploy/certificates/local-ca';
import { DASHBOARDS, dashboardFile } from '../../deploy/grafana/dashboards';
import { expressionsOf } from '../../deploy/grafana/panel';
import { Metrics } from '../../agent/src/local-api/metrics';
import { NO_EVENTS, STATUS } from '../../agent/src/local-api/status.testing';
import { certificateMetrics } from '../../controller/src/metrics/certificate-metrics';
import { MetricsSite } from '../../controller/src/metrics/metrics-site.testing';
import { bindingReport } from '../../controller/src/stats/binding-report.testing';
import { metricUses } from './expression';
import { promtool } from './prometheus';

const DEPLOY = resolve(__dirname, '../../deploy');

interface Rule {
  readonly record?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
const { groups } = parse(readFileSync(join(DEPLOY, 'prometheus/nsgate.rules.yml'), 'utf8')) as {
  groups: { rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** Labels of each metric that there is, by name. */
const known = new Map<string, Set<string>>();

/** Prometheus gives these to whatever it scrapes. */
const GIVEN = ['job', 'instance'];

beforeAll(async () => {
  for (const line of [...(await controllerTells()), ...(await agentTells())]) {
    const [, metric, labels = ''] = /^([a-z_]\w*)(?:\{(.*)\})? /.exec(line) ?? [];
    if (metric === undefined) continue;
    known.set(metric, new Set([...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)));
  }
  known.set('up', new Set());
  for (const { record, expr } of rules) {
    if (record !== undefined) known.set(record, new Set(recordedLabels(expr)));
  }
});

it.each(rules.map(({ record, expr }) => [record ?? expr, expr]))(
  'the rule of %s speaks of what there is',
  (_, expr) => {
    expect(strangers(expr)).toEqual([]);
  },
);

describe.each(DASHBOARDS)('the dashboard $uid', (dashboard) => {
  it('is written as it is described: npm run build:dashboards', () => {
    const written = readFileSync(join(DEPLOY, `grafana/${dashboard.uid}.json`), 'utf8');
    expect(written).toBe(dashboardFile(dashboard));
  });

  it.each(dashboard.panels)('speaks of what there is in $title', (panel) => {
    for (const expr of expressionsOf(panel)) expect(strangers(expr)).toEqual([]);
    for (const expr of expressionsOf(panel)) expect(metricUses(expr)).not.toEqual([]);
  });

  it('is narrowed by labels that there are', () => {
    for (const { metric, label } of dashboard.variables) expect(known.get(metric)).toContain(label);
  });

  it('has expressions that Prometheus takes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nsgate-grafana-'));
    const exprs = dashboard.panels.flatMap(expressionsOf);
    const asked = exprs.map((expr, i) => ({ record: `asked:${i}`, expr }));
    writeFileSync(join(folder, 'asked.yml'), stringify({ groups: [{ name: 'asked', rules: asked }] }));
    expect(await promtool({ cwd: folder }, 'check', 'rules', '--lint=none', 'asked.yml')).toContain(
      'SUCCESS',
    );
    rmSync(folder, { recursive: true });
  }, 120_000);
});

it('finds a metric and a label that there are not', () => {
  expect(
    strangers('sum by (nothing) (rate(nsgate_packets_total{verdict="drop"}[5m])) > nsgate_none'),
  ).toEqual(['nothing of nsgate_packets_total', 'nsgate_none']);
});

/** What the expression speaks of and there is not. */
function strangers(expression: string): string[] {
  return metricUses(expression).flatMap(({ metric, labels }) => {
    const has = known.get(metric);
    if (has === undefined) return [metric];
    return labels
      .filter((label) => !has.has(label) && !GIVEN.includes(label))
      .map((label) => `${label} of ${metric}`);
  });
}

/** Of what an aggregation keeps; else of the metric that it is made from. */
function recordedLabels(expr: string): string[] {
  const by = /\bby \(([^)]*)\)/.exec(expr)?.[1];
  if (by !== undefined) return by.split(',').map((label) => label.trim());
  const [use] = metricUses(expr);
  return expr.startsWith('sum(') || use === undefined ? [] : [...(known.get(use.metric) ?? [])];
}

/** All that a controller tells, with every family that has something to tell of. */
async function controllerTells(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-certificates-'));
  const ca = await createLocalCa(folder);
  const { cert } = await ca.issue({ name: 'controller', identity: { kind: 'controller', id: 'c' } });
  const site = await new MetricsSite({}, [certificateMetrics({ cert, ca: ca.caFile })]).listen();
  site.policy('p', 'a');
  for (const host of ['h1', 'h2']) site.host(host);
  site.registry.disconnect('h2');
  const traffic = { ...{ hooks: ['input' as const], accepted: [1n], dropped: [1n], rejected: [1n] } };
  const rest = { shadowDropped: [1n], malformed: [1n] };
  site.ledger.ingest(
    'h1',
    bindingReport(1n, [{ key: ruleKey('p', 'a'), packets: 1n }], { ...traffic, ...rest }),
  );
  const { body } = await site.ask('/metrics');
  await site.server.stop();
  rmSync(folder, { recursive: true });
  return body.split('\n');
}

async function agentTells(): Promise<string[]> {
  return (await new Metrics({ status: () => STATUS, events: NO_EVENTS }).text()).split('\n');
}
