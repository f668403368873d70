/** Keeps the table of names and what they stand for up to date, and holds namespaces open for those who program them. */
import type { Logger } from 'pino';
import {
  classify,
  sameEntry,
  type ClassifyOptions,
  type Finding,
  type NamespaceEntry,
} from './namespace-entry';
import type { HeldNamespace, NamespaceSource } from './namespace-source';

export interface NamespaceResolverOptions {
  source: NamespaceSource;
  /** Read anew at each scan. */
  initialInode: () => number | undefined;
  allowInitial: ReadonlySet<string>;
  /** The longest wait between full scans of a folder that is quick to scan, in milliseconds. */
  rescanMs: number;
  log: Logger;
  /** The table has changed. */
  onChange: () => void;
}

/** A placeholder is looked at after 1, 2, 4, … 1024 ms; from then on the scans do. */
const CONFIRMATIONS = 11;

/** Scans take at most this share of the time. */
const SCAN_SHARE = 0.01;

export class NamespaceResolver {
  #findings = new Map<string, Finding>();
  #entries = new Map<string, NamespaceEntry>();
  #dirty: Set<string> | 'all' = new Set();
  #update: NodeJS.Immediate | undefined;
  #rescan: NodeJS.Timeout | undefined;
  #confirmations = new Map<string, NodeJS.Timeout>();
  #scanFault: string | undefined;

  constructor(private readonly options: NamespaceResolverOptions) {}

  /** In order of name. */
  entries(): NamespaceEntry[] {
    return [...this.#entries.values()];
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

  /**
   * Opens the namespace of a name that is ready, so that it stays what it is until released. Undefined when the name no
   * longer stands for the inode in the table; it is then looked at again.
   */
  hold(name: string): HeldNamespace | undefined {
    const entry = this.#entries.get(name);
    const held = this.options.source.hold(name);
    if (held !== undefined && entry?.state === 'ready' && entry.inode === held.inode) return held;
    held?.release();
    this.recheck(name);
    return undefined;
  }

  #lookAgain(): void {
    this.#update = undefined;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    if (dirty === 'all') this.#readAll();
    else for (const name of dirty) this.#read(name);
    this.#publish();
    this.#confirmPlaceholders();
  }

  #readAll(): void {
    try {
      this.options.source.renewWatch();
      this.#findings = this.options.source.readAll();
      this.#scanFault = undefined;
    } catch (error) {
      const fault = String(error);
      if (fault !== this.#scanFault) {
        this.options.log.error({ err: error }, 'cannot read the names of namespaces; what was known stands');
      }
      this.#scanFault = fault;
    }
  }

  #read(name: string): void {
    const finding = this.options.source.read(name);
    if (finding === undefined) this.#findings.delete(name);
    else this.#findings.set(name, finding);
  }

  #publish(): void {
    const options: ClassifyOptions = {
      initialInode: this.options.initialInode(),
      allowInitial: this.options.allowInitial,
    };
    const before = this.#entries;
    const entries = classify(this.#findings, options);
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    const changed = entries.filter((entry) => !sameEntry(before.get(entry.name), entry));
    const gone = [...before.keys()].filter((name) => !this.#entries.has(name));
    if (changed.length === 0 && gone.length === 0) return;
    this.#logChanges(changed, gone);
    this.options.onChange();
  }

  #logChanges(changed: NamespaceEntry[], gone: string[]): void {
    for (const entry of changed) {
      const { name, state, ...rest } = entry;
      this.options.log.info({ namespace: name, state, ...rest }, 'namespace');
    }
    for (const name of gone) this.options.log.info({ namespace: name, state: 'gone' }, 'namespace');
  }

  #confirmPlaceholders(): void {
    for (const [name, { state }] of this.#entries) {
      if (state === 'placeholder' && !this.#confirmations.has(name)) this.#confirm(name, 0);
    }
    for (const [name, timer] of this.#confirmations) {
      if (this.#entries.get(name)?.state === 'placeholder') continue;
      clearTimeout(timer);
      this.#confirmations.delete(name);
    }
  }

  /** The timer stays in the map when the tries are used up, so that the name is not confirmed from the start again. */
  #confirm(name: string, tries: number): void {
    const timer = setTimeout(() => {
      this.recheck(name);
      if (tries + 1 < CONFIRMATIONS) this.#confirm(name, tries + 1);
    }, 2 ** tries);
    timer.unref();
    this.#confirmations.set(name, timer);
  }

  #scheduleRescan(delayMs: number): void {
    this.#rescan = setTimeout(() => {
      const start = performance.now();
      this.#dirty = 'all';
      this.#lookAgain();
      this.#scheduleRescan(Math.max(this.options.rescanMs, (performance.now() - start) / SCAN_SHARE));
    }, delayMs);
    this.#rescan.unref();
  }
}
