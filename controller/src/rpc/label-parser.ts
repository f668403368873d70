/** Labels as they come in, of policies and of hosts. */
import { isLabelKey, isLabelValue, LABEL_KEY_FORM, LABEL_VALUE_FORM, MAX_LABELS } from '../model/label';
import type { Labels } from '../model/selector';
import { quote, type Violations } from './violations';

/** The labels; what is wrong with them goes to `violations`. */
export function parseLabels(labels: Record<string, string>, field: string, violations: Violations): Labels {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) {
    violations.add(field, `has ${entries.length} labels; at most ${MAX_LABELS}`);
  }
  for (const [key, value] of entries) {
    if (!isLabelKey(key)) violations.add(field, `the key ${quote(key)} is not ${LABEL_KEY_FORM}`);
    if (!isLabelValue(value)) {
      violations.add(field, `the value ${quote(value)} of ${quote(key)} is not ${LABEL_VALUE_FORM}`);
    }
  }
  return new Map(entries);
}
