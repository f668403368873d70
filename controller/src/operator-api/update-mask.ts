/** Which fields of a policy an update takes (AIP-134, AIP-161). */
import type { Policy as PolicyMessage } from '@nsgate/proto';
import { quote, type Violations } from '../rpc/violations';

type WritableField = (typeof WRITABLE)[keyof typeof WRITABLE];

/** By their names in the .proto. */
const WRITABLE = {
  description: 'description',
  labels: 'labels',
  host_selector: 'hostSelector',
  namespaces: 'namespaces',
  tier: 'tier',
  priority: 'priority',
  rules: 'rules',
  default_verdicts: 'defaultVerdicts',
} as const satisfies Record<string, keyof PolicyMessage>;

/** Given by the controller, or what the update is about: may stand in a mask, and change nothing (AIP-203). */
const IGNORED: readonly string[] = ['name', 'uid', 'etag', 'revision', 'create_time', 'update_time'];

/** The fields to take. */
export function parseMask(paths: readonly string[] | undefined, violations: Violations): WritableField[] {
  if (paths === undefined || paths.length === 0) return Object.values(WRITABLE);
  if (paths.length === 1 && paths[0] === '*') return Object.values(WRITABLE);
  return paths.flatMap((path, i) => {
    if (Object.hasOwn(WRITABLE, path)) return [WRITABLE[path as keyof typeof WRITABLE]];
    if (!IGNORED.includes(path)) {
      const known = Object.keys(WRITABLE).join(', ');
      violations.add(`update_mask.paths[${i}]`, `${quote(path)} is none of ${known}, nor * alone`);
    }
    return [];
  });
}

/** The policy after the update; without a current one, all of `policy`. */
export function applyMask(
  current: PolicyMessage | undefined,
  policy: PolicyMessage,
  mask: readonly WritableField[],
): PolicyMessage {
  if (current === undefined) return policy;
  return { ...current, ...Object.fromEntries(mask.map((field) => [field, policy[field]])) };
}
