/** Namespaces of processes, under names of the form `pid:N`: those that a policy names, since nearly every process has the host's. */
import { readFileSync } from 'node:fs';
import { isProcessName, type Finding } from './namespace-entry';
import type { HeldNamespace, NamespaceSource } from './namespace-source';
import { findByStat, holdFile, statOf } from './nsfs-file';

export class ProcessNamespaces implements NamespaceSource {
  /** When each process began, in clock ticks since the boot, when its name was first looked at. */
  #started = new Map<string, string>();

  constructor(
    /** Names that policies name literally. */
    private readonly wanted: () => Iterable<string>,
    private readonly proc = '/proc',
  ) {}

  readAll(): Map<string, Finding> {
    const names = [...this.wanted()].filter(isProcessName);
    const found = names.flatMap((name): [string, Finding][] => {
      const finding = this.read(name);
      return finding === undefined ? [] : [[name, finding]];
    });
    this.#started = new Map([...this.#started].filter(([name]) => names.includes(name)));
    return new Map(found);
  }

  read(name: string): Finding | undefined {
    const stat = statOf(this.#path(name));
    if (stat === undefined) return undefined;
    const started = this.#startOf(name);
    if (started === undefined) return undefined;
    const known = this.#started.get(name);
    if (known === undefined) this.#started.set(name, started);
    else if (known !== started) return { kind: 'stray', detail: 'another process has this number now' };
    return findByStat(stat);
  }

  hold(name: string): HeldNamespace | undefined {
    const held = holdFile(this.#path(name));
    if (held === undefined || this.#startOf(name) === this.#started.get(name)) return held;
    held.release();
    return undefined;
  }

  /** Nothing tells when a process ends, but the scans and the kernel module. */
  watch(): void {
    return undefined;
  }

  renewWatch(): void {
    return undefined;
  }

  close(): void {
    return undefined;
  }

  #path(name: string): string {
    return `${this.proc}/${name.slice('pid:'.length)}/ns/net`;
  }

  /** Field 22 of proc_pid_stat(5); the second, in parentheses, may hold anything. */
  #startOf(name: string): string | undefined {
    try {
      const text = readFileSync(`${this.proc}/${name.slice('pid:'.length)}/stat`, 'utf8');
      return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
    } catch {
      // The process has ended.
      return undefined;
    }
  }
}
