/** Which namespaces are to be bound to what, and which are to be left as they are. Pure. */
import type { AddressSet } from '../desired-state/address-set';
import { inodeOf, type NamespaceEntry } from '../namespaces/namespace-entry';
import type { Composition } from './compose';
import type { Target } from './kernel-programmer';
import { missingSet } from './reality';

export interface Wanted {
  /** By name; a namespace that has lost its name goes by the one that it had. */
  wanted: ReadonlyMap<string, Composition>;
  /** By name in the kernel: those that are held. */
  sets: ReadonlyMap<string, AddressSet>;
  allowInitial: ReadonlySet<string>;
}

export function sortOut(
  entries: readonly NamespaceEntry[],
  wanted: Wanted,
): { targets: Target[]; keep: Set<number> } {
  return { targets: entries.flatMap((entry) => targetOf(entry, wanted)), keep: kept(entries, wanted) };
}

function targetOf(entry: NamespaceEntry, { wanted, sets, allowInitial }: Wanted): Target[] {
  if (entry.state !== 'ready' && entry.state !== 'lingering') return [];
  const { name, inode } = entry;
  const composition = wanted.get(nameOf(entry));
  if (composition === undefined || missingSet(composition, sets) !== undefined) return [];
  const nameless = entry.state === 'lingering';
  return [{ name, inode, composition, allowInitial: allowInitial.has(name), nameless }];
}

/** What cannot be as wanted now stays as it is, and so does what nothing is known of. */
function kept(entries: readonly NamespaceEntry[], { wanted, sets }: Wanted): Set<number> {
  const some = entries.filter((entry) => {
    if (entry.state === 'lingering' && entry.was === undefined) return true;
    const composition = wanted.get(nameOf(entry));
    return composition !== undefined && missingSet(composition, sets) !== undefined;
  });
  return new Set(some.map(inodeOf).filter((inode) => inode !== undefined));
}

function nameOf(entry: NamespaceEntry): string {
  return entry.state === 'lingering' ? (entry.was ?? '') : entry.name;
}
