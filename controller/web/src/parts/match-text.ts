/** Matches and selectors on one line. */
import type { Policy } from '../message-types';

/** `protocol tcp, destinationPorts 22`; `any packet`. */
export function matchText(match: Readonly<Record<string, unknown>> | undefined): string {
  const parts = Object.entries(match ?? {}).map(([field, value]) => `${wordsOf(field)} ${valueText(value)}`);
  return parts.length === 0 ? 'any packet' : parts.join(', ');
}

function wordsOf(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(' ');
  if (typeof value !== 'object' || value === null)
    return String(value).replace(/^CONNECTION_STATE_|^TCP_FLAG_/, '');
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${valueText(inner)}`)
    .join(' ');
}

/** `role in (edge, core), site exists`; `every host`. */
export function selectorText(selector: Policy['hostSelector']): string {
  const parts = (selector?.requirements ?? []).map(({ key, operator = '', values = [] }) => {
    const how = operator.replace('LABEL_OPERATOR_', '').toLowerCase().replaceAll('_', ' ');
    if (how === 'equals') return `${key}=${values.join()}`;
    return values.length === 0 ? `${key} ${how}` : `${key} ${how} (${values.join(', ')})`;
  });
  return parts.length === 0 ? 'every host' : parts.join(', ');
}
