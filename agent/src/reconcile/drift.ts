/** What has become of the kernel since it was left: found by comparing listings, told in words. Pure. */
import type { Digest, ListedNamespace } from '../kernel-device';
import type { Actual } from './plan';

export interface Drift {
  /** Of the namespace that it is about; undefined where it is about none. */
  inode: number | undefined;
  /** What was found. */
  found: string;
}

/**
 * What differs between the kernel as it was left and as it is found, by the hand of another: bindings of namespaces that still
 * live, address sets, settings. Namespaces that died, and such as nothing was bound to, are no drift.
 */
export function findDrift(left: Actual, found: Actual): Drift[] {
  const now = new Map(found.namespaces.map((namespace) => [namespace.birth, namespace]));
  const bindings = left.namespaces.flatMap((namespace) => bindingDrift(namespace, now.get(namespace.birth)));
  return [...bindings, ...setDrift(left, found), ...settingDrift(left, found)];
}

function bindingDrift({ inode, binding }: ListedNamespace, now: ListedNamespace | undefined): Drift[] {
  if (binding === undefined || now === undefined || now.binding?.digest === binding.digest) return [];
  const instead = now.binding === undefined ? 'nothing' : short(now.binding.digest);
  return [{ inode, found: `bound to ${instead} instead of ${short(binding.digest)}` }];
}

function setDrift(left: Actual, found: Actual): Drift[] {
  const now = new Map(found.sets.map(({ name, version }) => [name, version]));
  return left.sets
    .filter(({ name, version }) => now.get(name) !== version)
    .map(({ name }) => ({
      inode: undefined,
      found: now.has(name) ? `address set ${name} was changed` : `address set ${name} was not there`,
    }));
}

function settingDrift(left: Actual, found: Actual): Drift[] {
  if (left.quarantine === found.quarantine) return [];
  return [{ inode: undefined, found: `quarantine was ${found.quarantine ? 'on' : 'off'}` }];
}

function short(digest: Digest): string {
  return `ruleset ${digest.slice(0, 12)}`;
}
