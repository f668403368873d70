/**
 * Rulesets that somebody else has put in the kernel under the digests of ours. The module believes a digest, and gives no ruleset
 * back; but it says how large each is, and of one that was not touched neither that nor the epochs of its bindings ever change.
 */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { HostEvents } from '../host-events/host-events';
import {
  KernelRefusal,
  type CommitObject,
  type Digest,
  type KernelDevice,
  type Listing,
  type Ruleset,
} from '../kernel-device';
import type { Composition } from './compose';
import type { LeftKernel } from './drift';
import { readActual } from './kernel-programmer';
import type { Actual } from './plan';

interface ReplacedRuleset {
  digest: Digest;
  /** What it should be. */
  ruleset: Ruleset;
}

export interface Looked {
  found: Actual;
  /** As the same load of the module was left; undefined when that is not known. */
  left: LeftKernel | undefined;
  wanted: Iterable<Composition>;
}

/** Puts the right ones in their place; gives the kernel as it is afterwards. */
export function expelReplaced(
  kernel: KernelDevice,
  { found, left, wanted }: Looked,
  { log, events }: { log: Logger; events: Pick<HostEvents, 'note'> },
): Actual {
  const replaced = replacedRulesets(found, left, wanted);
  if (replaced.length === 0) return found;
  try {
    expel(kernel, found, replaced, events);
  } catch (error) {
    if (!(error instanceof KernelRefusal)) throw error;
    log.error({ err: error }, 'a ruleset that another program has replaced cannot be put back');
  }
  return readActual(kernel);
}

function replacedRulesets(
  found: Listing,
  left: LeftKernel | undefined,
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
function reboundDigests(found: Listing, left: LeftKernel): Set<Digest> {
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
function expel(
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
