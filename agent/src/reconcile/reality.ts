/** Where policies stand on this host, as the controller is to hear it. Pure. */
import { kernelSetVersion, type AddressSet } from '../desired-state/address-set';
import type { Digest } from '../kernel-device';
import { detailOf, inodeOf, type NamespaceEntry } from '../namespaces/namespace-entry';
import type { Composition } from './compose';
import type { KernelSight } from './kernel-sight';

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
  /** By name of namespace, for every name that a policy selects. */
  wanted: ReadonlyMap<string, Composition>;
  /** What the kernel has; undefined while it cannot be asked. */
  actual: KernelSight | undefined;
  /** Why nothing can be enforced now; undefined when it can. */
  obstacle: string | undefined;
  /** Why the kernel will not have a ruleset. */
  refusedRulesets: ReadonlyMap<Digest, string>;
  /** Why the kernel will not bind a namespace, by inode. */
  refusedBindings: ReadonlyMap<number, string>;
  /** Why the kernel will not have an address set, by its name there. */
  refusedSets: ReadonlyMap<string, string>;
  /** By name in the kernel: those that are held. */
  sets: ReadonlyMap<string, AddressSet>;
}

export function describeReality(observed: Observed, entries: readonly NamespaceEntry[]): Reality {
  const realizations = new Map<string, Realization>();
  const namespaces = new Map<string, NamespaceStatus>();
  for (const entry of entries) {
    const { status, standing } = describeEntry(entry, observed);
    namespaces.set(entry.name, status);
    for (const realization of standing) realizations.set(`${realization.policy} ${entry.name}`, realization);
  }
  return { realizations, namespaces };
}

/** Reality where only these names differ from before: undefined for those that are gone. */
export function updateReality(
  before: Reality,
  observed: Observed,
  changed: ReadonlyMap<string, NamespaceEntry | undefined>,
): Reality {
  const { realizations, namespaces } = describeReality(
    observed,
    [...changed.values()].filter((entry) => entry !== undefined),
  );
  const kept = [...before.realizations].filter(([, { namespace }]) => !changed.has(namespace));
  const others = [...before.namespaces].filter(([name]) => !changed.has(name));
  return {
    realizations: new Map([...kept, ...realizations]),
    namespaces: new Map([...others, ...namespaces]),
  };
}

function describeEntry(
  entry: NamespaceEntry,
  observed: Observed,
): { status: NamespaceStatus; standing: Realization[] } {
  const listed = observed.actual?.namespaces.get(inodeOf(entry) ?? 0);
  const kernel = listed && { birth: listed.birth, cookie: listed.cookie, digest: listed.binding?.digest };
  const standing = standingOf(entry, observed, kernel?.digest);
  const policies = standing === undefined ? [] : (wantedFor(entry, observed)?.policies ?? []);
  return {
    status: { entry, kernel },
    standing: policies.flatMap(({ name: policy, revision }) =>
      standing === undefined ? [] : [{ policy, namespace: entry.name, revision, standing }],
    ),
  };
}

/** A namespace that has lost its name goes by the one that it had. */
function wantedFor(entry: NamespaceEntry, { wanted }: Observed): Composition | undefined {
  if (entry.state !== 'lingering') return wanted.get(entry.name);
  return entry.was === undefined ? undefined : wanted.get(entry.was);
}

/** Of every policy that selects the entry; undefined where there is nothing to enforce anything in. */
function standingOf(
  entry: NamespaceEntry,
  observed: Observed,
  bound: Digest | undefined,
): Standing | undefined {
  const wanted = wantedFor(entry, observed);
  if (wanted === undefined) return undefined;
  switch (entry.state) {
    case 'placeholder':
    case 'stray':
    case 'quarantined':
      return undefined;
    case 'shadowed':
    case 'guarded':
      return { state: 'failed', reason: detailOf(entry) };
    case 'alias':
      return standingOfAlias(entry, observed);
    case 'ready':
    case 'lingering':
      return standingOfReady(entry.inode, observed, { wanted, bound });
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
  observed: Observed,
  { wanted, bound }: { wanted: Composition; bound: Digest | undefined },
): Standing {
  const { obstacle, refusedRulesets, refusedBindings } = observed;
  if (obstacle !== undefined) return { state: 'failed', reason: obstacle };
  const bySets = standingOfSets(wanted, observed);
  if (bySets !== undefined) return bySets;
  if (wanted.digest === bound) return { state: 'enforced', digest: bound };
  const reason = refusedRulesets.get(wanted.digest) ?? refusedBindings.get(inode);
  return reason === undefined ? { state: 'pending' } : { state: 'failed', reason };
}

/** Undefined when the kernel holds every set that the rules refer to, as it is wanted. */
function standingOfSets(wanted: Composition, { sets, refusedSets, actual }: Observed): Standing | undefined {
  const missing = missingSet(wanted, sets);
  if (missing !== undefined) return { state: 'failed', reason: missing };
  for (const name of wanted.sets) {
    const refusal = refusedSets.get(name);
    if (refusal !== undefined) return { state: 'failed', reason: `address set ${name}: ${refusal}` };
    const set = sets.get(name);
    if (set !== undefined && actual?.sets.get(name) !== kernelSetVersion(set)) return { state: 'pending' };
  }
  return undefined;
}

/** Why the composition cannot be programmed, when it refers to a set that this host does not hold. */
export function missingSet(
  { sets: named }: Composition,
  held: ReadonlyMap<string, AddressSet>,
): string | undefined {
  const missing = [...named].find((name) => !held.has(name));
  return missing && `address set ${missing} is not held on this host (yet); what was enforced stays`;
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
