/** What is known of the kernel between two whole passes. Pure. */
import type { ListedNamespace } from '../kernel-device';
import type { Actual } from './plan';
import type { QuickResult } from './quick-binder';

export interface KernelSight {
  /** By inode. */
  namespaces: ReadonlyMap<number, Pick<ListedNamespace, 'birth' | 'cookie' | 'binding'>>;
  /** Versions of address sets by name. */
  sets: ReadonlyMap<string, bigint>;
}

export function sightOf({ namespaces, sets }: Actual): KernelSight {
  return {
    namespaces: new Map(namespaces.map((listed) => [listed.inode, listed])),
    sets: new Map(sets.map(({ name, version }) => [name, version])),
  };
}

/** Birth and cookie of a namespace that is new are told by the next whole pass. */
export function sightAfter(before: KernelSight | undefined, { bound }: QuickResult): KernelSight {
  const namespaces = new Map(before?.namespaces);
  for (const [inode, digest] of bound) {
    const { birth, cookie } = namespaces.get(inode) ?? { birth: 0n, cookie: 0n };
    namespaces.set(inode, {
      birth,
      cookie,
      binding: digest === undefined ? undefined : { digest, epoch: 0n },
    });
  }
  return { namespaces, sets: before?.sets ?? new Map<string, bigint>() };
}
