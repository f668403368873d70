/** Names in /run/netns, as ip-netns(8) and container runtimes leave them. */
import {
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  watch,
  type FSWatcher,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { MountTable } from './mount-table';
import type { Finding } from './namespace-entry';
import type { HeldNamespace, NamespaceSource } from './namespace-source';
import { findByStat, findOut, holdFile, statOf } from './nsfs-file';

interface Known {
  /** Of what was on the path: another as soon as something else is mounted there. */
  device: number;
  inode: number;
  finding: Finding;
  /** Whether the mounts were looked at as well. */
  isSure: boolean;
}

export class NetnsFolder implements NamespaceSource {
  #known = new Map<string, Known>();
  #watcher: FSWatcher | undefined;
  /** What is being watched: a path and which folder it was. */
  #watched: string | undefined;
  #onChange: ((name: string | undefined) => void) | undefined;
  #isMissing = false;

  constructor(
    private readonly folder: string,
    private readonly log: Logger,
  ) {}

  readAll(): Map<string, Finding> {
    const findings = new Map<string, Finding>();
    const known = new Map<string, Known>();
    const mounts = once(() => this.#readMounts());
    for (const name of this.#list()) {
      const finding = this.#look(name, mounts);
      const entry = this.#known.get(name);
      if (finding !== undefined) findings.set(name, finding);
      if (finding !== undefined && entry !== undefined) known.set(name, entry);
    }
    this.#known = known;
    return findings;
  }

  /**
   * A name that is new, or was a placeholder, is taken for what one stat says, since the mounts take long to read; the next
   * scan looks at them. One that showed a namespace and shows something else now is looked at well.
   */
  read(name: string): Finding | undefined {
    const before = this.#known.get(name)?.finding.kind;
    const wasNamespace = before === 'namespace' || before === 'shadowed';
    return this.#look(name, wasNamespace ? once(() => this.#readMounts()) : undefined);
  }

  #look(name: string, mounts: (() => Mounts) | undefined): Finding | undefined {
    const path = join(this.folder, name);
    const stat = statOf(path);
    if (stat === undefined) {
      this.#known.delete(name);
      return undefined;
    }
    if (!('isFile' in stat)) return findByStat(stat);
    const known = this.#known.get(name);
    const isSame = known?.device === stat.dev && known.inode === stat.ino;
    if (isSame && (known.isSure || mounts === undefined)) return known.finding;
    const found = mounts && findIn(mounts(), name, stat);
    const finding = found ?? findByStat(stat);
    this.#known.set(name, { device: stat.dev, inode: stat.ino, finding, isSure: found !== undefined });
    return finding;
  }

  #readMounts(): Mounts {
    const table = new MountTable(readFileSync('/proc/self/mountinfo', 'utf8'));
    return { table, folder: realpathSync(this.folder) };
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
      const names = readdirSync(this.folder);
      this.#noteMissing(false);
      return names;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#noteMissing(true);
      return [];
    }
  }

  #noteMissing(isMissing: boolean): void {
    if (isMissing === this.#isMissing) return;
    this.#isMissing = isMissing;
    const { folder } = this;
    if (isMissing) this.log.warn({ folder }, 'the folder of namespaces is not there: nothing has a name');
    else this.log.info({ folder }, 'the folder of namespaces is there');
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

interface Mounts {
  table: MountTable;
  /** Without symbolic links, as the mounts name it. */
  folder: string;
}

function findIn({ table, folder }: Mounts, name: string, stat: Stats): Finding | undefined {
  return findOut(join(folder, name), stat, table);
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
