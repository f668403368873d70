/** Panels of Grafana dashboards (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/). */

/** What one line, bar or number is drawn from. */
export interface Query {
  readonly expr: string;
  /** Name of the series, with `{{label}}`. */
  readonly legend?: string;
}

/** How numbers are shown: ids of Grafana's units. */
export type Unit = 'short' | 'pps' | 'Bps' | 'bytes' | 's' | 'percentunit' | 'cps';

interface PanelBase {
  readonly title: string;
  /** One line, shown at the title. */
  readonly about?: string;
  readonly unit?: Unit;
  /** Of 24. */
  readonly width: number;
  readonly height: number;
}

export type Panel = PanelBase &
  (
    | { readonly kind: 'number'; readonly query: Query; readonly bad?: 'above-0' }
    | { readonly kind: 'lines'; readonly queries: readonly Query[]; readonly stacked?: boolean }
    | { readonly kind: 'table'; readonly query: Query; readonly columns: readonly string[] }
  );

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Expressions that the panel asks. */
export function expressionsOf(panel: Panel): string[] {
  return panel.kind === 'lines' ? panel.queries.map(({ expr }) => expr) : [panel.query.expr];
}

/** The panel as Grafana reads it, with its upper left corner at a place. */
export function panelJson(panel: Panel, id: number, at: { x: number; y: number }): object {
  const { title, about = '', width: w, height: h } = panel;
  return {
    ...{ id, title, description: about, datasource: DATASOURCE, gridPos: { ...at, w, h } },
    ...kindJson(panel),
  };
}

function kindJson(panel: Panel): object {
  const unit = panel.unit ?? 'short';
  switch (panel.kind) {
    case 'number':
      return {
        type: 'stat',
        targets: [target(panel.query, 0, { instant: true })],
        options: { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value', graphMode: 'none' },
        fieldConfig: { defaults: { unit, noValue: '0', thresholds: thresholds(panel.bad) }, overrides: [] },
      };
    case 'lines':
      return {
        type: 'timeseries',
        targets: panel.queries.map((query, i) => target(query, i, { instant: false })),
        options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
        fieldConfig: { defaults: { unit, min: 0, custom: lineStyle(panel.stacked === true) }, overrides: [] },
      };
    case 'table':
      return {
        type: 'table',
        targets: [{ ...target(panel.query, 0, { instant: true }), format: 'table' }],
        options: { sortBy: [{ displayName: 'Value', desc: true }] },
        transformations: [
          { id: 'filterFieldsByName', options: { include: { names: [...panel.columns, 'Value'] } } },
        ],
        fieldConfig: { defaults: { unit }, overrides: [] },
      };
  }
}

function target({ expr, legend = '' }: Query, number: number, { instant }: { instant: boolean }): object {
  const refId = String.fromCharCode('A'.charCodeAt(0) + number);
  return { refId, datasource: DATASOURCE, expr, legendFormat: legend, instant, range: !instant };
}

function lineStyle(stacked: boolean): object {
  return {
    fillOpacity: stacked ? 30 : 8,
    showPoints: 'never',
    stacking: { mode: stacked ? 'normal' : 'none' },
  };
}

function thresholds(bad: 'above-0' | undefined): object {
  const good = { color: 'green', value: null };
  return { mode: 'absolute', steps: bad === undefined ? [good] : [good, { color: 'red', value: 1 }] };
}
