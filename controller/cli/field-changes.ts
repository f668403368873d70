/** What a change would do to a policy, for people. */
import type { FieldChange } from '@nsgate/proto';
import { paint } from './output';

/** A line or two for each field that differs. */
export function changesText(changes: readonly FieldChange[], colours: boolean): string[] {
  return changes.flatMap(({ path, before, after }) => [
    `  ${path}`,
    ...(before === '' ? [] : [paint(`  - ${before}`, 'red', colours)]),
    ...(after === '' ? [] : [paint(`  + ${after}`, 'green', colours)]),
  ]);
}
