/** What brings the kernel from what is to what shall be, in one commit. Pure. */
import type { CommitObject, Digest, ListedNamespace, Listing, Ruleset } from '../kernel-device';

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
}

/** Objects in the order puts, binds, unbinds, drops, and within it in the order of the listing. Empty when all is right. */
export function plan(desired: Desired, actual: Listing): CommitObject[] {
  const held = new Set(actual.rulesets.map(({ digest }) => digest));
  const binds = actual.namespaces.flatMap((namespace) => bind(desired, namespace));
  const unbinds = actual.namespaces.flatMap((namespace) => unbind(desired, namespace));
  const puts = [...new Set(binds.map(({ digest }) => digest))]
    .filter((digest) => !held.has(digest))
    .flatMap((digest) => put(desired, digest));
  const possible = new Set([...held, ...puts.map(({ digest }) => digest)]);
  const possibleBinds = binds.filter(({ digest }) => possible.has(digest));
  return [...puts, ...possibleBinds, ...unbinds, ...drops(desired, actual, [...possibleBinds, ...unbinds])];
}

type Of<T extends CommitObject['type']> = Extract<CommitObject, { type: T }>;

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

function drops(
  desired: Desired,
  actual: Listing,
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
