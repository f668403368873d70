/** Names in /run/netns, as ip-netns(8) and container runtimes leave them. */
import { readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { Finding } from './namespace-entry';
import type { HeldNamespace, NamespaceSource } from './namespace-source';
import { findOut, holdFile } from './nsfs-file';

interface Known {
  /** Of what was on the path: another as soon as something else is mounted there. */
  device: number;
  inode: number;
  finding: Finding;
}

export class NetnsFolder implements NamespaceSource {
  #known = new Map<string, Known>();
  #watcher: FSWatcher | undefined;
  /** What is being watched: a path and which folder it was. */
  #watched: string | undefined;
  #onChange: ((name: string | undefined) => void) | undefined;

  constructor(
    private readonly folder: string,
    private readonly log: Logger,
  ) {}

  readAll(): Map<string, Finding> {
    const findings = new Map<string, Finding>();
    const known = new Map<string, Known>();
    for (const name of this.#list()) {
      const finding = this.read(name);
      if (finding === undefined) continue;
      findings.set(name, finding);
      const entry = this.#known.get(name);
      if (entry !== undefined) known.set(name, entry);
    }
    this.#known = known;
    return findings;
  }

  read(name: string): Finding | undefined {
    const path = join(this.folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    const known = this.#known.get(name);
    if (stat !== undefined && known?.device === stat.dev && known.inode === stat.ino) return known.finding;
    const finding = findOut(path);
    this.#known.delete(name);
    if (finding !== undefined && stat !== undefined) {
      this.#known.set(name, { device: stat.dev, inode: stat.ino, finding });
    }
    return finding;
  }

  hold(name: string): HeldNamespace | undefined {
    return holdFile(join(this.folder, name));
  }

  watch(onChange: (name: string | undefined) => void): void {
    this.#onChange = onChange;
    this.renewWatch();
  }

  /** Watches the folder, or the one above it while it is missing. */
  renewWatch(): void {
    const target = identity(this.folder) === undefined ? dirname(this.folder) : this.folder;
    const watched = identity(target);
    if (watched === this.#watched && this.#watcher !== undefined) return;
    this.#watcher?.close();
    this.#watcher = watched === undefined ? undefined : this.#open(target);
    this.#watched = watched;
  }

  close(): void {
    this.#onChange = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #list(): string[] {
    try {
      return readdirSync(this.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #open(target: string): FSWatcher | undefined {
    try {
      const watcher = watch(target, { persistent: false }, (_event, name) => this.#notify(target, name));
      watcher.on('error', (error) => this.#lose(watcher, error));
      return watcher;
    } catch (error) {
      this.log.warn(
        { folder: target, err: error },
        'cannot watch for namespaces; new ones are found by scans',
      );
      return undefined;
    }
  }

  #notify(target: string, name: string | null): void {
    const isOwnName = name === basename(this.folder);
    if (target === this.folder && !isOwnName) {
      this.#onChange?.(name ?? undefined);
      return;
    }
    if (name !== null && !isOwnName) return;
    // The folder came or went. One that was made anew may have the inode of the one before, so its watch is too.
    if (target === this.folder) this.#watched = undefined;
    this.renewWatch();
    this.#onChange?.(undefined);
  }

  #lose(watcher: FSWatcher, error: Error): void {
    this.log.warn(
      { folder: this.folder, err: error },
      'lost the watch for namespaces; it is renewed at the next scan',
    );
    watcher.close();
    if (this.#watcher === watcher) this.#watcher = undefined;
  }
}

function identity(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${path} ${stat.dev} ${stat.ino}`;
}
