/** Where policies stand on this host, as the controller is to hear it. Pure. */
import type { Digest, Listing } from '../kernel-device';
import { detailOf, inodeOf, type NamespaceEntry } from '../namespaces/namespace-entry';
import type { Composition } from './compose';

export type Standing =
  | { state: 'pending' }
  /** Read back from the kernel. */
  | { state: 'enforced'; digest: Digest }
  | { state: 'failed'; reason: string };

export interface Realization {
  policy: string;
  namespace: string;
  revision: bigint;
  standing: Standing;
}

export interface NamespaceStatus {
  entry: NamespaceEntry;
  /** What the kernel module says of it; undefined while it says nothing. */
  kernel: { birth: bigint; cookie: bigint; digest: Digest | undefined } | undefined;
}

export interface Reality {
  /** By policy and namespace. */
  realizations: ReadonlyMap<string, Realization>;
  /** By name. */
  namespaces: ReadonlyMap<string, NamespaceStatus>;
}

export interface Observed {
  entries: readonly NamespaceEntry[];
  /** By name of namespace, for every name that a policy selects. */
  wanted: ReadonlyMap<string, Composition>;
  /** Undefined while the kernel module cannot be asked. */
  actual: Listing | undefined;
  /** Why nothing can be enforced now; undefined when it can. */
  obstacle: string | undefined;
  /** Why the kernel will not have a ruleset. */
  refusedRulesets: ReadonlyMap<Digest, string>;
  /** Why the kernel will not bind a namespace, by inode. */
  refusedBindings: ReadonlyMap<number, string>;
}

export function describeReality(observed: Observed): Reality {
  const byInode = new Map(observed.actual?.namespaces.map((listed) => [listed.inode, listed]));
  const realizations = new Map<string, Realization>();
  const namespaces = new Map<string, NamespaceStatus>();
  for (const entry of observed.entries) {
    const listed = byInode.get(inodeOf(entry) ?? 0);
    const kernel = listed && { birth: listed.birth, cookie: listed.cookie, digest: listed.binding?.digest };
    namespaces.set(entry.name, { entry, kernel });
    const standing = standingOf(entry, observed, kernel?.digest);
    if (standing === undefined) continue;
    for (const { name: policy, revision } of observed.wanted.get(entry.name)?.policies ?? []) {
      const realization = { policy, namespace: entry.name, revision, standing };
      realizations.set(`${policy} ${entry.name}`, realization);
    }
  }
  return { realizations, namespaces };
}

/** Of every policy that selects the entry; undefined where there is nothing to enforce anything in. */
function standingOf(
  entry: NamespaceEntry,
  observed: Observed,
  bound: Digest | undefined,
): Standing | undefined {
  const wanted = observed.wanted.get(entry.name);
  if (wanted === undefined) return undefined;
  switch (entry.state) {
    case 'placeholder':
    case 'stray':
      return undefined;
    case 'guarded':
      return { state: 'failed', reason: detailOf(entry) };
    case 'alias':
      return standingOfAlias(entry, observed);
    case 'ready':
      return standingOfReady(entry.inode, observed, { wanted: wanted.digest, bound });
  }
}

/** A policy that selects the first name as well is reported there. */
function standingOfAlias(
  { name, of, detail }: Extract<NamespaceEntry, { state: 'alias' }>,
  { wanted }: Observed,
): Standing | undefined {
  if (wanted.get(name)?.digest === wanted.get(of)?.digest) return undefined;
  return { state: 'failed', reason: `${detail}, whose policies are the ones that are enforced` };
}

function standingOfReady(
  inode: number,
  { obstacle, refusedRulesets, refusedBindings }: Observed,
  digest: { wanted: Digest; bound: Digest | undefined },
): Standing {
  if (obstacle !== undefined) return { state: 'failed', reason: obstacle };
  if (digest.wanted === digest.bound) return { state: 'enforced', digest: digest.bound };
  const reason = refusedRulesets.get(digest.wanted) ?? refusedBindings.get(inode);
  return reason === undefined ? { state: 'pending' } : { state: 'failed', reason };
}

export function sameRealization(a: Realization | undefined, b: Realization): boolean {
  return a?.revision === b.revision && sameStanding(a.standing, b.standing);
}

export function sameNamespaceStatus(a: NamespaceStatus | undefined, b: NamespaceStatus): boolean {
  return (
    a?.entry.state === b.entry.state &&
    inodeOf(a.entry) === inodeOf(b.entry) &&
    detailOf(a.entry) === detailOf(b.entry) &&
    a.kernel?.birth === b.kernel?.birth &&
    a.kernel?.digest === b.kernel?.digest
  );
}

function sameStanding(a: Standing, b: Standing): boolean {
  if (a.state === 'enforced' && b.state === 'enforced') return a.digest === b.digest;
  if (a.state === 'failed' && b.state === 'failed') return a.reason === b.reason;
  return a.state === b.state;
}
