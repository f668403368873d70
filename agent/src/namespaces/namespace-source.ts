/** Where names of namespaces come from. */
import type { Finding } from './namespace-entry';

/** A namespace whose file is open, so that it cannot die and its inode cannot be given to another. */
export interface HeldNamespace {
  readonly inode: number;
  release(): void;
}

export interface NamespaceSource {
  /** Every name. Throws when they cannot be read; what was known before then still stands. */
  readAll(): Map<string, Finding>;
  /** One name; undefined when it is gone. */
  read(name: string): Finding | undefined;
  /** Undefined when the name is gone, or cannot be opened. */
  hold(name: string): HeldNamespace | undefined;
  /**
   * Calls back with a name that appeared or went away, or with undefined when it is not known which. May miss changes: a
   * namespace that is mounted on an existing file tells nobody.
   */
  watch(onChange: (name: string | undefined) => void): void;
  /** Checks that the watch still sees what it should, and renews it if not. */
  renewWatch(): void;
  close(): void;
}
