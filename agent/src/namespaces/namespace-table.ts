/** All names of a host and what the agent makes of them. A change of one name costs what that name and its namespace's others cost. */
import {
  canStandFor,
  compareNames,
  entryOf,
  sameEntry,
  type ClassifyOptions,
  type Finding,
  type NamespaceEntry,
} from './namespace-entry';

export class NamespaceTable {
  #findings = new Map<string, Finding>();
  #entries = new Map<string, NamespaceEntry>();
  /** Names that show a namespace, by its inode. */
  #names = new Map<number, Set<string>>();

  get entries(): ReadonlyMap<string, NamespaceEntry> {
    return this.#entries;
  }

  /** The names that show the namespace of this inode. */
  namesOf(inode: number | undefined): string[] {
    return inode === undefined ? [] : [...(this.#names.get(inode) ?? [])];
  }

  /** Takes in what one name shows now, undefined for nothing; gives the names of which something else is made now. */
  change(name: string, finding: Finding | undefined, options: ClassifyOptions): string[] {
    const inodes = new Set([shownInode(this.#findings.get(name)), shownInode(finding)]);
    this.#put(name, finding);
    const touched = new Set([name, ...[...inodes].flatMap((inode) => this.namesOf(inode))]);
    return [...touched].filter((one) => this.#reconsider(one, options));
  }

  /** As `change`, for all names at once. */
  replace(findings: ReadonlyMap<string, Finding>, options: ClassifyOptions): string[] {
    for (const name of [...this.#findings.keys()]) if (!findings.has(name)) this.#put(name, undefined);
    for (const [name, finding] of findings) this.#put(name, finding);
    const all = new Set([...this.#entries.keys(), ...findings.keys()]);
    return [...all].filter((name) => this.#reconsider(name, options));
  }

  #put(name: string, finding: Finding | undefined): void {
    const before = shownInode(this.#findings.get(name));
    if (before !== undefined) {
      const names = this.#names.get(before);
      names?.delete(name);
      if (names?.size === 0) this.#names.delete(before);
    }
    if (finding === undefined) this.#findings.delete(name);
    else this.#findings.set(name, finding);
    const inode = shownInode(finding);
    if (inode !== undefined) this.#names.set(inode, new Set([...this.namesOf(inode), name]));
  }

  /** Whether something else is made of the name now. */
  #reconsider(name: string, options: ClassifyOptions): boolean {
    const finding = this.#findings.get(name);
    const before = this.#entries.get(name);
    const entry = finding && entryOf(name, finding, this.#firstName(shownInode(finding), options), options);
    if (entry === undefined) this.#entries.delete(name);
    else this.#entries.set(name, entry);
    return !sameEntry(before, entry);
  }

  /** The first of those that can stand for the namespace. */
  #firstName(inode: number | undefined, options: ClassifyOptions): string | undefined {
    const able = this.namesOf(inode).filter((name) => canStandFor(name, this.#findings.get(name), options));
    return able.sort(compareNames)[0];
  }
}

function shownInode(finding: Finding | undefined): number | undefined {
  return finding?.kind === 'namespace' ? finding.inode : undefined;
}
