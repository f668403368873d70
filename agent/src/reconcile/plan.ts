/** What brings the kernel from what is to what shall be. Pure. */
import { changeFrom, kernelSetVersion, type AddressSet } from '../desired-state/address-set';
import {
  Setting,
  type CommitObject,
  type Digest,
  type ListedNamespace,
  type Listing,
  type Ruleset,
} from '../kernel-device';

export interface DesiredBinding {
  digest: Digest;
  /** Whether the namespace may be bound even if it is the host's initial one. */
  allowInitial: boolean;
}

export interface Desired {
  /** Every ruleset that is wanted at all; those that nothing is bound to yet are not dropped. */
  rulesets: ReadonlyMap<Digest, Ruleset>;
  /** By inode. */
  bindings: ReadonlyMap<number, DesiredBinding>;
  /** Inodes whose binding, or lack of one, stays as it is. */
  keep: ReadonlySet<number>;
  /** Rulesets that are not dropped, wanted or not. */
  keepRulesets: ReadonlySet<Digest>;
  /** By name in the kernel. */
  sets: ReadonlyMap<string, AddressSet>;
  /** Sets that stay as they are, wanted or not. */
  keepSets: ReadonlySet<string>;
  /** Sets that are not changed but given whole. */
  wholeSets: ReadonlySet<string>;
  /** Whether new namespaces are to be quarantined; undefined: as the kernel has it. */
  quarantine: boolean | undefined;
  /** Inodes of namespaces that nothing is to be bound to: if in quarantine, they are let go. */
  release: ReadonlySet<number>;
}

/** What the kernel has. */
export interface Actual extends Listing {
  quarantine: boolean;
}

/**
 * Objects in the order sets, puts, binds, unbinds, releases, settings, drops, and within it in the order of the listing. Empty when all
 * is right. One commit does it, but for sets that were named only by rulesets which it drops: they go with the next, when
 * the listing says that nothing names them.
 */
export function plan(desired: Desired, actual: Actual): CommitObject[] {
  const held = new Set(actual.rulesets.map(({ digest }) => digest));
  const binds = actual.namespaces.flatMap((namespace) => bind(desired, namespace));
  const unbinds = actual.namespaces.flatMap((namespace) => unbind(desired, namespace));
  const puts = [...new Set(binds.map(({ digest }) => digest))]
    .filter((digest) => !held.has(digest))
    .flatMap((digest) => put(desired, digest));
  const possible = new Set([...held, ...puts.map(({ digest }) => digest)]);
  const possibleBinds = binds.filter(({ digest }) => possible.has(digest));
  return [
    ...setChanges(desired, actual),
    ...puts,
    ...possibleBinds,
    ...unbinds,
    ...releases(desired, actual),
    ...settings(desired, actual),
    ...drops(desired, actual, [...possibleBinds, ...unbinds]),
    ...setDrops(desired, actual),
  ];
}

type Of<T extends CommitObject['type']> = Extract<CommitObject, { type: T }>;

function setChanges(
  { sets, keepSets, wholeSets }: Desired,
  actual: Actual,
): (Of<'set-put'> | Of<'set-delta'>)[] {
  const versions = new Map(actual.sets.map(({ name, version }) => [name, version]));
  const changes: (Of<'set-put'> | Of<'set-delta'>)[] = [];
  for (const name of [...sets.keys()].sort()) {
    const set = sets.get(name);
    if (set === undefined || keepSets.has(name)) continue;
    const version = kernelSetVersion(set);
    const from = versions.get(name);
    if (from === version) continue;
    const change = from === undefined || wholeSets.has(name) ? undefined : changeFrom(set, from);
    if (from === undefined || change === undefined) {
      changes.push({ type: 'set-put', name, version, members: set.members });
    } else {
      changes.push({ type: 'set-delta', name, from, version, ...change });
    }
  }
  return changes;
}

function setDrops({ sets, keepSets }: Desired, actual: Actual): Of<'set-drop'>[] {
  return actual.sets
    .filter(({ name, rulesets }) => rulesets === 0 && !sets.has(name) && !keepSets.has(name))
    .map(({ name }) => ({ type: 'set-drop', name }));
}

function bind(desired: Desired, { inode, birth, initial, binding }: ListedNamespace): Of<'bind'>[] {
  const wanted = desired.keep.has(inode) ? undefined : desired.bindings.get(inode);
  if (wanted === undefined || wanted.digest === binding?.digest) return [];
  if (initial && !wanted.allowInitial) return [];
  return [{ type: 'bind', inode, birth, digest: wanted.digest, initial }];
}

function unbind(desired: Desired, namespace: ListedNamespace): Of<'unbind'>[] {
  const { inode, birth, binding, initial } = namespace;
  if (binding === undefined || desired.keep.has(inode)) return [];
  const wanted = desired.bindings.get(inode);
  if (wanted !== undefined && (!initial || wanted.allowInitial)) return [];
  return [{ type: 'unbind', inode, birth }];
}

function put(desired: Desired, digest: Digest): Of<'ruleset-put'>[] {
  const ruleset = desired.rulesets.get(digest);
  return ruleset === undefined ? [] : [{ type: 'ruleset-put', digest, ruleset }];
}

function releases({ release, bindings, keep }: Desired, actual: Actual): Of<'release'>[] {
  return actual.namespaces
    .filter(({ inode, quarantined, binding }) => quarantined && binding === undefined && release.has(inode))
    .filter(({ inode }) => !bindings.has(inode) && !keep.has(inode))
    .map(({ inode, birth }) => ({ type: 'release', inode, birth }));
}

function settings({ quarantine }: Desired, actual: Actual): Of<'setting'>[] {
  if (quarantine === undefined || quarantine === actual.quarantine) return [];
  return [{ type: 'setting', setting: Setting.QUARANTINE, value: quarantine ? 1n : 0n }];
}

function drops(
  desired: Desired,
  actual: Actual,
  changes: (Of<'bind'> | Of<'unbind'>)[],
): Of<'ruleset-drop'>[] {
  const bound = new Map(actual.namespaces.map(({ inode, binding }) => [inode, binding?.digest]));
  for (const change of changes) bound.set(change.inode, change.type === 'bind' ? change.digest : undefined);
  const used = new Set(bound.values());
  const keeps = (digest: Digest): boolean => desired.rulesets.has(digest) || desired.keepRulesets.has(digest);
  return actual.rulesets
    .filter(({ digest }) => !used.has(digest) && !keeps(digest))
    .map(({ digest }) => ({ type: 'ruleset-drop', digest }));
}
