/** What is known of the kernel between two whole passes. */
import type { KernelEvent, ListedNamespace } from '../kernel-device';
import type { Actual } from './plan';
import type { QuickResult } from './quick-binder';

export type SeenNamespace = Pick<ListedNamespace, 'inode' | 'birth' | 'cookie' | 'binding'>;

export interface KernelSight {
  /** By inode. */
  namespaces: Map<number, SeenNamespace>;
  /** Versions of address sets by name. */
  sets: ReadonlyMap<string, bigint>;
}

export function sightOf({ namespaces, sets }: Actual): KernelSight {
  return {
    namespaces: new Map(namespaces.map((listed) => [listed.inode, listed])),
    sets: new Map(sets.map(({ name, version }) => [name, version])),
  };
}

/** Takes in what a quick pass has bound. */
export function noteBound({ namespaces }: KernelSight, { bound }: QuickResult): void {
  for (const [inode, binding] of bound) {
    const { birth, cookie } = namespaces.get(inode) ?? { birth: 0n, cookie: 0n };
    namespaces.set(inode, { inode, birth, cookie, binding });
  }
}

/**
 * Takes in births and deaths; gives the inodes that were not known to stand for what they stand for now. Births only grow, so what is
 * older than the sight changes nothing. The cookie of one that is born the next listing tells.
 */
export function noteEvents({ namespaces }: KernelSight, events: readonly KernelEvent[]): Set<number> {
  const born = new Set<number>();
  for (const { type, inode, birth } of events) {
    const known = namespaces.get(inode);
    if (type === 'died' && known?.birth === birth) namespaces.delete(inode);
    if (type !== 'born' || (known !== undefined && known.birth >= birth)) continue;
    namespaces.set(inode, { inode, birth, cookie: 0n, binding: undefined });
    born.add(inode);
  }
  return born;
}
