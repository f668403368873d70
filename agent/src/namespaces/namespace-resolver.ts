/** Keeps the table of names and what they stand for up to date, and holds namespaces open for those who program them. */
import type { Logger } from 'pino';
import { compareNames, isProcessName, type ClassifyOptions, type NamespaceEntry } from './namespace-entry';
import { NamespaceTable } from './namespace-table';
import type { HeldNamespace, NamespaceSource } from './namespace-source';

export interface NamespaceResolverOptions {
  source: NamespaceSource;
  /** Read anew at each scan. */
  initialInode: () => number | undefined;
  allowInitial: ReadonlySet<string>;
  /** The longest wait between full scans of a folder that is quick to scan, in milliseconds. */
  rescanMs: number;
  log: Logger;
  /** Something else is made of these names now, or they are gone. */
  onChange: (names: string[]) => void;
}

/**
 * A placeholder is looked at after 1, 2, 4 ms, then each 4 ms while it is young, since `ip netns add` takes some time from the file
 * to the mount; then after 8, 16, … 1024 ms, and each 1024 ms for a minute, since on a busy host it may take long; from then on
 * the scans do.
 */
const YOUNG_MS = 200;
const SHORT_WAIT_MS = 4;
const LONG_WAIT_MS = 1024;
const PATIENCE_MS = 60_000;

/** Scans take at most this share of the time, where they are not the longer wait apart for it. */
const SCAN_SHARE = 0.005;
const MAX_RESCAN_MS = 30_000;

export class NamespaceResolver {
  readonly #table = new NamespaceTable();
  #dirty: Set<string> | 'all' = new Set();
  #update: NodeJS.Immediate | undefined;
  #rescan: NodeJS.Timeout | undefined;
  /** Of placeholders; undefined for those that are left to the scans. */
  #confirmations = new Map<string, NodeJS.Timeout | undefined>();
  #scanFault: string | undefined;

  constructor(private readonly options: NamespaceResolverOptions) {}

  /** In order of name. */
  entries(): NamespaceEntry[] {
    return [...this.#table.entries.values()].sort((a, b) => compareNames(a.name, b.name));
  }

  entry(name: string): NamespaceEntry | undefined {
    return this.#table.entries.get(name);
  }

  /** The names that show the namespace of this inode. */
  namesOf(inode: number): string[] {
    return this.#table.namesOf(inode);
  }

  /** Scans once, and from then on follows the changes. */
  start(): void {
    this.options.source.watch((name) => this.recheck(name));
    this.#dirty = 'all';
    this.#lookAgain();
    this.#scheduleRescan(this.options.rescanMs);
  }

  stop(): void {
    clearImmediate(this.#update);
    clearTimeout(this.#rescan);
    for (const timer of this.#confirmations.values()) clearTimeout(timer);
    this.#confirmations.clear();
    this.options.source.close();
  }

  /** Looks again soon at one name, or at all. */
  recheck(name?: string): void {
    if (name === undefined) this.#dirty = 'all';
    else if (this.#dirty !== 'all') this.#dirty.add(name);
    this.#update ??= setImmediate(() => this.#lookAgain());
  }

  /** Looks, now, at names that somebody has come to want: those of processes are found in no folder. */
  recheckWanted(names: readonly string[]): void {
    const unknown = names.filter((name) => isProcessName(name) && this.entry(name) === undefined);
    for (const name of unknown) this.#dirtyNow(name);
  }

  /**
   * Opens the namespace of a name that is ready, so that it stays what it is until released. Undefined when the name no
   * longer stands for the inode in the table; it is then looked at again.
   */
  hold(name: string): HeldNamespace | undefined {
    const entry = this.entry(name);
    const held = this.options.source.hold(name);
    if (held !== undefined && entry?.state === 'ready' && entry.inode === held.inode) return held;
    held?.release();
    this.recheck(name);
    return undefined;
  }

  /** A namespace was born: a placeholder may become one at any moment. */
  expectMount(): void {
    for (const name of this.#confirmations.keys()) {
      clearTimeout(this.#confirmations.get(name));
      this.#confirm(name, performance.now(), 1);
    }
  }

  #lookAgain(): void {
    this.#update = undefined;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    const changed = dirty === 'all' ? this.#readAll() : this.#readSome(dirty);
    if (changed.length === 0) return;
    this.#confirmPlaceholders(changed);
    this.options.onChange(changed);
    // To tell of it comes after what is done about it.
    const entries = changed.map((name) => this.entry(name) ?? { state: 'gone' as const, name });
    setImmediate(() => this.#logChanges(entries));
  }

  #readAll(): string[] {
    try {
      this.options.source.renewWatch();
      const findings = this.options.source.readAll();
      this.#scanFault = undefined;
      return this.#table.replace(findings, this.#classifyOptions());
    } catch (error) {
      const fault = String(error);
      if (fault !== this.#scanFault) {
        this.options.log.error({ err: error }, 'cannot read the names of namespaces; what was known stands');
      }
      this.#scanFault = fault;
      return [];
    }
  }

  #readSome(names: ReadonlySet<string>): string[] {
    const options = this.#classifyOptions();
    return [...new Set([...names].flatMap((name) => this.#readOne(name, options)))];
  }

  #readOne(name: string, options: ClassifyOptions): string[] {
    try {
      return this.#table.change(name, this.options.source.read(name), options);
    } catch (error) {
      this.options.log.error({ err: error, namespace: name }, 'cannot look at this name; the next scan does');
      return [];
    }
  }

  #classifyOptions(): ClassifyOptions {
    return { initialInode: this.options.initialInode(), allowInitial: this.options.allowInitial };
  }

  #logChanges(entries: readonly (NamespaceEntry | { state: 'gone'; name: string })[]): void {
    for (const { name, state, ...rest } of entries) {
      this.options.log.info({ namespace: name, state, ...rest }, 'namespace');
    }
  }

  #confirmPlaceholders(changed: readonly string[]): void {
    for (const name of changed) {
      clearTimeout(this.#confirmations.get(name));
      this.#confirmations.delete(name);
      if (this.entry(name)?.state === 'placeholder') this.#confirm(name, performance.now(), 1);
    }
  }

  #confirm(name: string, since: number, waitMs: number): void {
    const timer = setTimeout(() => {
      this.#dirtyNow(name);
      if (this.#confirmations.get(name) !== timer) return;
      const ageMs = performance.now() - since;
      const next = Math.min(waitMs * 2, ageMs < YOUNG_MS ? SHORT_WAIT_MS : LONG_WAIT_MS);
      if (ageMs > PATIENCE_MS) this.#confirmations.set(name, undefined);
      else this.#confirm(name, since, next);
    }, waitMs);
    timer.unref();
    this.#confirmations.set(name, timer);
  }

  #dirtyNow(name: string): void {
    if (this.#dirty !== 'all') this.#dirty.add(name);
    clearImmediate(this.#update);
    this.#lookAgain();
  }

  #scheduleRescan(delayMs: number): void {
    this.#rescan = setTimeout(() => {
      const start = performance.now();
      this.#dirty = 'all';
      this.#lookAgain();
      const waitMs = Math.min((performance.now() - start) / SCAN_SHARE, MAX_RESCAN_MS);
      this.#scheduleRescan(Math.max(this.options.rescanMs, waitMs));
    }, delayMs);
    this.#rescan.unref();
  }
}
