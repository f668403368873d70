/** What the names on this host stand for. */

/** What one name was found to be, by itself. */
export type Finding =
  { kind: 'namespace'; inode: number } | { kind: 'placeholder' } | { kind: 'stray'; detail: string };

/** What the agent makes of a name, knowing all others. */
export type NamespaceEntry =
  | { state: 'ready'; name: string; inode: number }
  | { state: 'placeholder'; name: string; detail: string }
  | { state: 'stray'; name: string; detail: string }
  | { state: 'alias'; name: string; inode: number; of: string; detail: string }
  | { state: 'guarded'; name: string; inode: number; detail: string };

export interface ClassifyOptions {
  /** Inode of the host's initial namespace, where it could be read. */
  initialInode: number | undefined;
  /** Names under which the configuration allows the initial namespace to be bound. */
  allowInitial: ReadonlySet<string>;
}

/** Entries in order of name. Of several names for one namespace the first in order stands for it. Pure. */
export function classify(
  findings: ReadonlyMap<string, Finding>,
  { initialInode, allowInitial }: ClassifyOptions,
): NamespaceEntry[] {
  const owners = new Map<number, string>();
  return [...findings.entries()].sort(byName).map(([name, finding]): NamespaceEntry => {
    if (finding.kind === 'placeholder') {
      return { state: 'placeholder', name, detail: 'no namespace is mounted on this file (yet)' };
    }
    if (finding.kind === 'stray') return { state: 'stray', name, detail: finding.detail };
    const { inode } = finding;
    if (inode === initialInode && !allowInitial.has(name)) {
      return { state: 'guarded', name, inode, detail: GUARDED };
    }
    const of = owners.get(inode);
    if (of !== undefined) return { state: 'alias', name, inode, of, detail: `another name of ${of}` };
    owners.set(inode, name);
    return { state: 'ready', name, inode };
  });
}

const GUARDED = "the host's initial namespace: bound only if --allow-initial-namespace names it";

function byName([a]: [string, Finding], [b]: [string, Finding]): number {
  return a < b ? -1 : 1;
}

/** Whether two entries say the same. */
export function sameEntry(a: NamespaceEntry | undefined, b: NamespaceEntry): boolean {
  return (
    a?.name === b.name && a.state === b.state && inodeOf(a) === inodeOf(b) && detailOf(a) === detailOf(b)
  );
}

/** The inode that an entry stands for; undefined when it stands for no namespace. */
export function inodeOf(entry: NamespaceEntry): number | undefined {
  return 'inode' in entry ? entry.inode : undefined;
}

/** A sentence for a state that is not ready; empty for one that is. */
export function detailOf(entry: NamespaceEntry): string {
  return 'detail' in entry ? entry.detail : '';
}
