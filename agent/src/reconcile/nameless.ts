/** Namespaces that no name stands for: bound ones that had a name, and those in quarantine that have none yet. */
import type { ListedNamespace, Listing } from '../kernel-device';
import { inodeOf, namelessName, type NamespaceEntry } from '../namespaces/namespace-entry';

/** Remembers, as long as the agent runs, which name a namespace had. */
export class Nameless {
  #names = new Map<bigint, string>();

  /** Takes note of the names that bound namespaces have. */
  remember({ namespaces }: Listing, entries: readonly NamespaceEntry[]): void {
    const ready = new Map(
      entries.flatMap((entry) => (entry.state === 'ready' ? [[entry.inode, entry.name]] : [])),
    );
    const alive = namespaces.filter(({ binding }) => binding !== undefined);
    this.#names = new Map(
      alive.flatMap(({ birth, inode }): [bigint, string][] => {
        const name = ready.get(inode) ?? this.#names.get(birth);
        return name === undefined ? [] : [[birth, name]];
      }),
    );
  }

  /** In order of birth. */
  entries({ namespaces }: Listing, named: readonly NamespaceEntry[]): NamespaceEntry[] {
    const inodes = new Set(named.map(inodeOf));
    return namespaces.filter(({ inode }) => !inodes.has(inode)).flatMap((listed) => this.#entryOf(listed));
  }

  /** The host's initial namespace has no business being bound without a name: it is let go, as any that is not wanted. */
  #entryOf({ inode, birth, binding, quarantined, initial }: ListedNamespace): NamespaceEntry[] {
    const name = namelessName(inode);
    if (binding !== undefined && !initial) {
      const was = this.#names.get(birth);
      const had = was === undefined ? 'no name stands for it' : `its name ${was} is gone`;
      const detail = `${had}, and something keeps it alive: what was enforced there stays`;
      return [{ state: 'lingering', name, inode, was, detail }];
    }
    if (!quarantined) return [];
    return [{ state: 'quarantined', name, inode, detail: 'it has no name yet: nothing gets in or out' }];
  }
}
