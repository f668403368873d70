/** Resources and lists as people and scripts want them. */
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { stringify } from 'yaml';
import { messageDescription } from './api-description';
import { renderTable } from './table';

export const OUTPUTS = ['table', 'json', 'yaml', 'name'] as const;
export type Output = (typeof OUTPUTS)[number];

export interface Listing {
  /** What there are none of when it is empty. */
  readonly what: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Of the rows; those in the first column when left out. */
  readonly names?: readonly string[];
  readonly json: readonly object[];
  /** One that was asked for by name: printed by itself, not as a list. */
  readonly single?: boolean;
}

/** The listing in the form that is wanted. */
export function render(
  { what, columns, rows, names, json, single = false }: Listing,
  output: Output,
): string {
  const value = single && json.length === 1 ? json[0] : json;
  switch (output) {
    case 'json':
      return JSON.stringify(value, null, 2);
    case 'yaml':
      return json
        .map((one) => yamlText(one))
        .join('---\n')
        .trimEnd();
    case 'name':
      return (names ?? rows.map(([name = '']) => name)).join('\n');
    case 'table':
      return rows.length === 0 ? `there are no ${what}` : renderTable(columns, rows);
  }
}

/** A message as protobuf's JSON, with the fields that are 0, false or empty: a script may ask for any. */
export function wholeJson(name: string, bytes: Uint8Array): object {
  const description = messageDescription(name);
  return toJson(description, fromBinary(description, bytes), { alwaysEmitImplicit: true }) as object;
}

/** YAML that is read back as the same. */
export function yamlText(value: object): string {
  return stringify(value, { lineWidth: 120 });
}

const CODES = { red: 31, green: 32, yellow: 33, bold: 1 } as const;

/** The text, coloured where colours are liked. */
export function paint(text: string, colour: keyof typeof CODES, colours: boolean): string {
  return colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

/** `enforced` of `REALIZATION_STATE_ENFORCED`. */
export function shortName(name: string, prefix: string): string {
  return name.replace(prefix, '').toLowerCase();
}

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
