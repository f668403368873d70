/** Labels: the form of their keys and values. */
import type { Labels } from './selector';

const KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^[A-Za-z0-9._-]{0,63}$/;

export const MAX_LABELS = 64;
export const LABEL_KEY_FORM =
  '1 to 63 of letters, digits, -, _, . and /, starting and ending with a letter or digit';
export const LABEL_VALUE_FORM = 'at most 63 of letters, digits, -, _ and .';

export function isLabelKey(key: string): boolean {
  return KEY.test(key);
}

export function isLabelValue(value: string): boolean {
  return VALUE.test(value);
}

/** Whether two sets of labels are the same. */
export function sameLabels(a: Labels, b: Labels): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
