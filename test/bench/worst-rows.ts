// Of many measured rulesets, those that speak least for a subject.
import type { Row, Subject } from './measurement';
import type { Ip } from './rule';
import { isAdversarial } from './ruleset-generator';

/** Of each size, in ascending order, the row of the likely kind of ruleset that is worst for the subject. */
export function worstBySize(rows: readonly Row[], subject: Subject, ip: Ip): Row[] {
  const worst = new Map<number, Row>();
  for (const row of rows) {
    if (row.subject !== subject || row.ip !== ip || isAdversarial(row.family)) continue;
    const { instructions = -Infinity } = worst.get(row.rules) ?? {};
    if (row.instructions > instructions) worst.set(row.rules, row);
  }
  return [...worst.values()].sort((a, b) => a.rules - b.rules);
}
