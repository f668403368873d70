/** Which namespaces in quarantine are to be let go without a binding. */
import type { ListedNamespace, Listing } from '../kernel-device';
import { inodeOf, type NamespaceEntry } from '../namespaces/namespace-entry';

export interface QuarantineOptions {
  /** How long a namespace may stay without a name before it is let go, in milliseconds; undefined: it is kept. */
  releaseAfterMs: number | undefined;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
}

/** What the names say of a namespace. */
export interface NamedInodes {
  /** Of namespaces that have a name, whatever is made of it. */
  named: ReadonlySet<number>;
  /** Of those that a policy selects. */
  wanted: ReadonlySet<number>;
}

export class Quarantine {
  /** When a nameless one was first seen, by birth. */
  #waiting = new Map<bigint, number>();
  #dueInMs: number | undefined;

  constructor(private readonly options: QuarantineOptions) {}

  /** When `releasable` may have more to say, in milliseconds; undefined: not by the passing of time. */
  get dueInMs(): number | undefined {
    return this.#dueInMs;
  }

  /** Those with a name that no policy selects, at once; those without one, when their time is over. */
  releasable({ namespaces }: Listing, { named, wanted }: NamedInodes): Set<number> {
    const held = namespaces.filter(({ quarantined }) => quarantined);
    const isNameless = ({ inode }: ListedNamespace): boolean => !named.has(inode);
    const expired = this.#expired(held.filter(isNameless));
    const unwanted = held.filter(({ inode }) => named.has(inode) && !wanted.has(inode));
    return new Set([...unwanted, ...expired].map(({ inode }) => inode));
  }

  #expired(nameless: ListedNamespace[]): ListedNamespace[] {
    const { releaseAfterMs, now } = this.options;
    const at = now();
    this.#waiting = new Map(nameless.map(({ birth }) => [birth, this.#waiting.get(birth) ?? at]));
    this.#dueInMs = undefined;
    if (releaseAfterMs === undefined) return [];
    const left = nameless.map(({ birth }) => (this.#waiting.get(birth) ?? at) + releaseAfterMs - at);
    const open = left.filter((ms) => ms > 0);
    if (open.length > 0) this.#dueInMs = Math.min(...open);
    return nameless.filter((_, index) => (left[index] ?? 1) <= 0);
  }
}

/** `wanted`: what a policy selects, by name. */
export function namedInodes(
  entries: readonly NamespaceEntry[],
  wanted: { has(name: string): boolean },
): NamedInodes {
  const named = entries.filter(({ state }) => state === 'ready' || state === 'alias');
  const inodes = (some: readonly NamespaceEntry[]): Set<number> =>
    new Set(some.map(inodeOf).filter((inode) => inode !== undefined));
  return { named: inodes(named), wanted: inodes(named.filter(({ name }) => wanted.has(name))) };
}
