/**
 * Rulesets that somebody else has put in the kernel under the digests of ours. The module believes a digest, and gives no ruleset
 * back; but it says how large each is, and of one that was not touched neither that nor the epochs of its bindings ever change.
 */
import { createHash } from 'node:crypto';
import type { HostEvents } from '../host-events/host-events';
import type { CommitObject, Digest, KernelDevice, Listing, Ruleset } from '../kernel-device';
import type { Composition } from './compose';

export interface ReplacedRuleset {
  digest: Digest;
  /** What it should be. */
  ruleset: Ruleset;
}

/** `left`: as the same load of the module was left; undefined when that is not known. Pure. */
export function replacedRulesets(
  found: Listing,
  left: Listing | undefined,
  wanted: Iterable<Composition>,
): ReplacedRuleset[] {
  const ours = new Map([...wanted].map(({ digest, ruleset }) => [digest, ruleset]));
  const before = new Map(left?.rulesets.map((listed) => [listed.digest, listed]));
  const rebound = left === undefined ? new Set<Digest>() : reboundDigests(found, left);
  return found.rulesets.flatMap(({ digest, rules, memory }) => {
    const ruleset = ours.get(digest);
    if (ruleset === undefined) return [];
    const was = before.get(digest);
    const isAnother = rules !== ruleset.rules.length || (was !== undefined && memory !== was.memory);
    return isAnother || rebound.has(digest) ? [{ digest, ruleset }] : [];
  });
}

/** Of namespaces that were let go, and bound again to what is called the same. */
function reboundDigests(found: Listing, left: Listing): Set<Digest> {
  const before = new Map(left.namespaces.map(({ birth, binding }) => [birth, binding]));
  const rebound = new Set<Digest>();
  for (const { birth, binding } of found.namespaces) {
    const was = before.get(birth);
    if (binding?.digest === was?.digest && binding?.epoch !== was?.epoch) rebound.add(binding?.digest ?? '');
  }
  return rebound;
}

/**
 * Moves whatever is bound to them to the right rules under digests of another kind, and drops them, in one commit: from there
 * the plan leads back to the digests that are wanted. At no moment is a namespace without rules. Throws KernelRefusal.
 */
export function expelReplaced(
  kernel: KernelDevice,
  found: Listing,
  replaced: readonly ReplacedRuleset[],
  events: Pick<HostEvents, 'note'>,
): void {
  kernel.commit(
    replaced.flatMap(({ digest, ruleset }): CommitObject[] => {
      const instead = createHash('sha256').update(`instead of ${digest}`).digest('hex');
      const binds = found.namespaces
        .filter(({ binding }) => binding?.digest === digest)
        .map(({ inode, birth, initial }): CommitObject => ({
          type: 'bind',
          inode,
          birth,
          digest: instead,
          initial,
        }));
      return [{ type: 'ruleset-put', digest: instead, ruleset }, ...binds, { type: 'ruleset-drop', digest }];
    }),
  );
  for (const { digest } of replaced) {
    const what = `another ruleset under the digest ${digest.slice(0, 12)}`;
    events.note('drift-repaired', `found: ${what}; put back as it is wanted`);
  }
}
