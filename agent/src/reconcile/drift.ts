/** What has become of the kernel since it was left: found by comparing listings, told in words. */
import type { Digest, ListedNamespace } from '../kernel-device';
import type { HostEvents } from '../host-events/host-events';
import { inodeOf, type NamespaceEntry } from '../namespaces/namespace-entry';
import type { SeenNamespace } from './kernel-sight';
import type { Actual } from './plan';

export interface Drift {
  /** Of the namespace that it is about; undefined where it is about none. */
  inode: number | undefined;
  /** What was found. */
  found: string;
}

/** The kernel as it was left, of one load of the module. */
export interface Left {
  instance: bigint;
  actual: LeftKernel;
}

/** What can be known of it without listing it again. */
export type LeftKernel = Omit<Actual, 'namespaces'> & { namespaces: SeenNamespace[] };

/** An event for each thing that another has changed between two moments. */
export function tellDrift(
  left: Left,
  found: { instance: bigint; actual: Actual; entries: readonly NamespaceEntry[] },
  events: Pick<HostEvents, 'note'>,
): void {
  if (left.instance !== found.instance) {
    events.note('module-reloaded', 'the kernel module was loaded again; everything was programmed anew');
    return;
  }
  for (const { inode, found: what } of findDrift(left.actual, found.actual)) {
    const name = found.entries.find((entry) => inode !== undefined && inodeOf(entry) === inode)?.name;
    events.note('drift-repaired', `found: ${what}; put back as it is wanted`, name);
  }
}

/**
 * What differs between the kernel as it was left and as it is found, by the hand of another: bindings of namespaces that still
 * live, address sets, settings. Namespaces that died, and such as nothing was bound to, are no drift.
 */
export function findDrift(left: LeftKernel, found: Actual): Drift[] {
  const now = new Map(found.namespaces.map((namespace) => [namespace.birth, namespace]));
  const bindings = left.namespaces.flatMap((namespace) => bindingDrift(namespace, now.get(namespace.birth)));
  return [...bindings, ...setDrift(left, found), ...settingDrift(left, found)];
}

function bindingDrift({ inode, binding }: SeenNamespace, now: ListedNamespace | undefined): Drift[] {
  if (binding === undefined || now === undefined || now.binding?.digest === binding.digest) return [];
  const instead = now.binding === undefined ? 'nothing' : short(now.binding.digest);
  return [{ inode, found: `bound to ${instead} instead of ${short(binding.digest)}` }];
}

function setDrift(left: LeftKernel, found: Actual): Drift[] {
  const now = new Map(found.sets.map(({ name, version }) => [name, version]));
  return left.sets
    .filter(({ name, version }) => now.get(name) !== version)
    .map(({ name }) => ({
      inode: undefined,
      found: now.has(name) ? `address set ${name} was changed` : `address set ${name} was not there`,
    }));
}

function settingDrift(left: LeftKernel, found: Actual): Drift[] {
  if (left.quarantine === found.quarantine) return [];
  return [{ inode: undefined, found: `quarantine was ${found.quarantine ? 'on' : 'off'}` }];
}

function short(digest: Digest): string {
  return `ruleset ${digest.slice(0, 12)}`;
}
