/** The dashboards, as `npm run build:dashboards` writes them. */
import { panelJson, type Panel } from './panel';

export interface Dashboard {
  /** Also the name of its file. */
  readonly uid: string;
  readonly title: string;
  /** Labels by which it can be narrowed, with the metric that has them. */
  readonly variables: readonly { readonly label: string; readonly metric: string }[];
  /** In order: left to right, and on. */
  readonly panels: readonly Panel[];
}

const NUMBER = { kind: 'number', width: 4, height: 4 } as const;
const HALF = { kind: 'lines', width: 12, height: 8 } as const;

const fleet: Dashboard = {
  uid: 'nsgate-fleet',
  title: 'nsgate: fleet',
  variables: [],
  panels: [
    { ...NUMBER, title: 'Hosts connected', query: { expr: 'sum(nsgate_hosts{state="connected"})' } },
    {
      ...{ ...NUMBER, title: 'Hosts silent', bad: 'above-0' },
      about: 'They enforce what they hold, and take no changes.',
      query: { expr: 'sum(nsgate_hosts{state="disconnected"})' },
    },
    { ...NUMBER, title: 'Counters stale', bad: 'above-0', query: { expr: 'sum(nsgate_hosts_stale)' } },
    {
      ...NUMBER,
      title: 'Module missing',
      bad: 'above-0',
      query: { expr: 'sum(nsgate_hosts_without_module)' },
    },
    {
      ...{ ...NUMBER, title: 'Realizations failed', bad: 'above-0' },
      query: { expr: 'sum(nsgate_realizations{state="failed"})' },
    },
    {
      ...{ ...NUMBER, title: 'Longest in quarantine', unit: 's' },
      query: { expr: 'max(nsgate_quarantine_oldest_seconds)' },
    },
    {
      ...{ ...HALF, title: 'Packets by verdict', unit: 'pps', stacked: true },
      queries: [{ expr: 'verdict:nsgate_packets:rate5m', legend: '{{verdict}}' }],
    },
    {
      ...{ ...HALF, title: 'Stopped, and what is usual', unit: 'pps' },
      about: 'Dropped and rejected packets; NsgateDropsSurge fires at four times what the last hour had.',
      queries: [
        { expr: 'fleet:nsgate_stopped_packets:rate5m', legend: 'now' },
        { expr: 'fleet:nsgate_stopped_packets:usual1h', legend: 'usual' },
      ],
    },
    {
      ...{ ...HALF, title: 'Realizations', stacked: true },
      queries: [{ expr: 'state:nsgate_realizations:sum', legend: '{{state}}' }],
    },
    {
      ...{ ...HALF, title: 'Namespaces', stacked: true },
      queries: [{ expr: 'sum by (state) (nsgate_namespaces) > 0', legend: '{{state}}' }],
    },
    {
      ...{ kind: 'table', width: 8, height: 8, title: 'Silent hosts', unit: 's', columns: ['host'] },
      query: { expr: 'max by (host) (nsgate_host_silent_seconds)' },
    },
    {
      ...{ kind: 'table', width: 8, height: 8, title: 'Policies that fail or pend' },
      columns: ['policy', 'state'],
      query: { expr: 'sum by (policy, state) (nsgate_policy_realizations{state=~"failed|pending"}) > 0' },
    },
    {
      ...{ kind: 'lines', width: 8, height: 8, title: 'Events on hosts' },
      queries: [{ expr: 'sum by (kind) (increase(nsgate_host_events_total[5m]))', legend: '{{kind}}' }],
    },
  ],
};

const traffic: Dashboard = {
  uid: 'nsgate-traffic',
  title: 'nsgate: traffic',
  variables: [{ label: 'policy', metric: 'nsgate_rule_packets_total' }],
  panels: [
    {
      ...{ ...HALF, title: 'Packets by hook and verdict', unit: 'pps' },
      queries: [{ expr: 'hook_verdict:nsgate_packets:rate5m > 0', legend: '{{hook}} {{verdict}}' }],
    },
    {
      ...{ ...HALF, title: 'Hosts that stop most', unit: 'pps' },
      queries: [
        {
          expr: 'topk(10, sum by (host) (rate(nsgate_host_packets_total{verdict=~"drop|reject"}[5m])))',
          legend: '{{host}}',
        },
      ],
    },
    {
      ...{ ...HALF, title: 'Rules that match most', unit: 'pps' },
      queries: [
        {
          expr: 'topk(10, policy_rule:nsgate_rule_packets:rate5m{policy=~"$policy"})',
          legend: '{{policy}}/{{rule}}',
        },
      ],
    },
    {
      ...{ ...HALF, title: 'Their bytes', unit: 'Bps' },
      queries: [
        {
          expr: 'topk(10, sum by (policy, rule) (rate(nsgate_rule_bytes_total{policy=~"$policy"}[5m])))',
          legend: '{{policy}}/{{rule}}',
        },
      ],
    },
    {
      ...{ ...HALF, title: 'Shadow: what would be stopped', unit: 'pps' },
      queries: [
        {
          expr: 'topk(10, sum by (policy, rule) (rate(nsgate_rule_shadow_packets_total{policy=~"$policy"}[5m]))) > 0',
          legend: '{{policy}}/{{rule}}',
        },
        { expr: 'sum(rate(nsgate_shadow_stopped_packets_total[5m]))', legend: 'packets in all' },
      ],
    },
    {
      ...{ ...HALF, title: 'Malformed, and samples', unit: 'pps' },
      queries: [
        {
          expr: 'sum by (hook) (rate(nsgate_malformed_packets_total[5m])) > 0',
          legend: 'malformed at {{hook}}',
        },
        { expr: 'sum(rate(nsgate_packet_samples_total[5m]))', legend: 'samples' },
        { expr: 'sum(rate(nsgate_packet_samples_lost_total[5m]))', legend: 'samples lost' },
      ],
    },
  ],
};

const controller: Dashboard = {
  uid: 'nsgate-controller',
  title: 'nsgate: controller',
  variables: [],
  panels: [
    { ...NUMBER, title: 'Policies', query: { expr: 'max(nsgate_policies)' } },
    { ...NUMBER, title: 'Counters', query: { expr: 'sum(nsgate_counters)' } },
    { ...NUMBER, title: 'Hosts behind', query: { expr: 'sum(nsgate_hosts_behind)' } },
    { ...NUMBER, title: 'In quarantine', query: { expr: 'sum(nsgate_quarantined_namespaces)' } },
    { ...NUMBER, title: 'Rules without series', query: { expr: 'max(nsgate_rules_left_out)' } },
    { ...NUMBER, title: 'Policies without series', query: { expr: 'max(nsgate_policies_left_out)' } },
    {
      ...{ ...HALF, title: 'Processor', unit: 'percentunit' },
      queries: [
        { expr: 'rate(process_cpu_seconds_total{job="nsgate-controller"}[5m])', legend: '{{instance}}' },
      ],
    },
    {
      ...{ ...HALF, title: 'Memory', unit: 'bytes' },
      queries: [
        { expr: 'process_resident_memory_bytes{job="nsgate-controller"}', legend: 'resident {{instance}}' },
        { expr: 'nsgate_counters_memory_bytes', legend: 'counters {{instance}}' },
      ],
    },
    {
      ...{ ...HALF, title: 'Event loop lag (99 %)', unit: 's' },
      queries: [
        { expr: 'nodejs_eventloop_lag_p99_seconds{job="nsgate-controller"}', legend: '{{instance}}' },
      ],
    },
    {
      ...{ ...HALF, title: 'Memory of kernel modules', unit: 'bytes' },
      queries: [{ expr: 'sum(nsgate_module_memory_bytes)', legend: 'fleet' }],
    },
  ],
};

export const DASHBOARDS: readonly Dashboard[] = [fleet, traffic, controller];

/** The dashboard as Grafana imports it: text of its file. */
export function dashboardFile({ uid, title, variables, panels }: Dashboard): string {
  const json = {
    ...{ uid, title, tags: ['nsgate'], schemaVersion: 39, version: 1, editable: true },
    ...{ refresh: '30s', time: { from: 'now-3h', to: 'now' }, timezone: 'browser' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' },
        ...variables.map(({ label, metric }) => ({
          ...{ name: label, type: 'query', datasource: { type: 'prometheus', uid: '${datasource}' } },
          ...{ query: `label_values(${metric}, ${label})`, refresh: 2, includeAll: true, multi: true },
          ...{ allValue: '.*', current: { text: 'All', value: '$__all' } },
        })),
      ],
    },
    panels: placed(panels),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

const COLUMNS = 24;

/** Left to right; a panel that does not fit any more begins a row below the highest of the one before. */
function placed(panels: readonly Panel[]): object[] {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map((panel, i) => {
    if (x + panel.width > COLUMNS) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const json = panelJson(panel, i + 1, { x, y });
    x += panel.width;
    rowHeight = Math.max(rowHeight, panel.height);
    return json;
  });
}
