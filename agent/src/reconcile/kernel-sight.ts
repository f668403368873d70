/** What is known of the kernel between two whole passes. */
import type { ListedNamespace } from '../kernel-device';
import type { Actual } from './plan';
import type { QuickResult } from './quick-binder';

export interface KernelSight {
  /** By inode. */
  namespaces: Map<number, Pick<ListedNamespace, 'birth' | 'cookie' | 'binding'>>;
  /** Versions of address sets by name. */
  sets: ReadonlyMap<string, bigint>;
}

export function sightOf({ namespaces, sets }: Actual): KernelSight {
  return {
    namespaces: new Map(namespaces.map((listed) => [listed.inode, listed])),
    sets: new Map(sets.map(({ name, version }) => [name, version])),
  };
}

/** Takes in what a quick pass has bound. Birth and cookie of a namespace that is new are told by the next whole pass. */
export function noteBound({ namespaces }: KernelSight, { bound }: QuickResult): void {
  for (const [inode, digest] of bound) {
    const { birth, cookie } = namespaces.get(inode) ?? { birth: 0n, cookie: 0n };
    const binding = digest === undefined ? undefined : { digest, epoch: 0n };
    namespaces.set(inode, { birth, cookie, binding });
  }
}
