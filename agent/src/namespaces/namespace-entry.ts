/** What the names on this host stand for. */

/** What one name was found to be, by itself. */
export type Finding =
  | { kind: 'namespace'; inode: number }
  | { kind: 'placeholder' }
  /** `inode`: of the namespace that the name shows now. */
  | { kind: 'shadowed'; inode: number | undefined; detail: string }
  | { kind: 'stray'; detail: string };

/** What the agent makes of a name, knowing all others; or of a namespace that has none. */
export type NamespaceEntry =
  /** `initial`: it is the host's own, and may be bound. */
  | { state: 'ready'; name: string; inode: number; initial?: true }
  | { state: 'placeholder'; name: string; detail: string }
  | { state: 'stray'; name: string; detail: string }
  | { state: 'shadowed'; name: string; detail: string }
  | { state: 'alias'; name: string; inode: number; of: string; detail: string }
  | { state: 'guarded'; name: string; inode: number; detail: string }
  /** It had a name (`was`, where that is known) and is bound: what was enforced there stays. */
  | { state: 'lingering'; name: string; inode: number; was: string | undefined; detail: string }
  /** It has no name yet, and lets nothing through. */
  | { state: 'quarantined'; name: string; inode: number; detail: string };

export interface ClassifyOptions {
  /** Inode of the host's initial namespace, where it could be read. */
  initialInode: number | undefined;
  /** Names under which the configuration allows the initial namespace to be bound. */
  allowInitial: ReadonlySet<string>;
}

const GUARDED = "the host's initial namespace: bound only if --allow-initial-namespace names it";

/** Names of processes come after those of the folder; else in order of name. The first name of a namespace stands for it. */
export function compareNames(a: string, b: string): number {
  const rank = Number(isProcessName(a)) - Number(isProcessName(b));
  if (rank !== 0) return rank;
  return a < b ? -1 : Number(a > b);
}

/** Whether the name is of the form `pid:N`: the namespace of a process. */
export function isProcessName(name: string): boolean {
  return /^pid:[1-9]\d{0,9}$/.test(name);
}

/** What a namespace without a name is reported as. */
export function namelessName(inode: number): string {
  return `inode:${inode}`;
}

/** Whether a namespace that this finding shows may be bound under the name. */
export function canStandFor(
  name: string,
  finding: Finding | undefined,
  { initialInode, allowInitial }: ClassifyOptions,
): boolean {
  return finding?.kind === 'namespace' && (finding.inode !== initialInode || allowInitial.has(name));
}

/** `of` is the first name that can stand for the same namespace. Pure. */
export function entryOf(
  name: string,
  finding: Finding,
  of: string | undefined,
  options: ClassifyOptions,
): NamespaceEntry {
  switch (finding.kind) {
    case 'placeholder':
      return { state: 'placeholder', name, detail: 'no namespace is mounted on this file (yet)' };
    case 'stray':
      return { state: 'stray', name, detail: finding.detail };
    case 'shadowed':
      return { state: 'shadowed', name, detail: finding.detail };
    case 'namespace': {
      const { inode } = finding;
      if (!canStandFor(name, finding, options)) return { state: 'guarded', name, inode, detail: GUARDED };
      const initial = inode === options.initialInode && { initial: true as const };
      if (of === undefined || of === name) return { state: 'ready', name, inode, ...initial };
      return { state: 'alias', name, inode, of, detail: `another name of ${of}` };
    }
  }
}

/** Whether two entries say the same. */
export function sameEntry(a: NamespaceEntry | undefined, b: NamespaceEntry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.name === b.name && a.state === b.state && inodeOf(a) === inodeOf(b) && detailOf(a) === detailOf(b);
}

/** The inode that an entry stands for; undefined when it stands for no namespace. */
export function inodeOf(entry: NamespaceEntry): number | undefined {
  return 'inode' in entry ? entry.inode : undefined;
}

/** A sentence for a state that is not ready; empty for one that is. */
export function detailOf(entry: NamespaceEntry): string {
  return 'detail' in entry ? entry.detail : '';
}
