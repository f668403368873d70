/** Binds namespaces that have just got their names, without a look at all the others: what a new namespace waits for. */
import {
  Family,
  Hook,
  KernelRefusal,
  type CommitObject,
  type Digest,
  type KernelDevice,
  type ListedNamespace,
} from '../kernel-device';
import type { HeldNamespace } from '../namespaces/namespace-source';
import type { Composition } from './compose';

export interface QuickTarget {
  name: string;
  inode: number;
  /** Undefined when no policy selects it: it is let go from quarantine, should it be there. */
  composition: Composition | undefined;
}

export interface QuickBinderOptions {
  kernel: KernelDevice;
  targets: readonly QuickTarget[];
  hold: (name: string) => HeldNamespace | undefined;
  /** Rulesets that the kernel holds, as far as is known. */
  held: ReadonlySet<Digest>;
  /** The kernel has taken it; it is not read back yet. */
  onCommitted: (applied: readonly CommitObject[]) => void;
}

export interface QuickResult {
  applied: CommitObject[];
  /** The kernel's, afterwards. */
  instance: bigint;
  generation: bigint;
  /** As read back, by inode. */
  bound: ReadonlyMap<number, ListedNamespace['binding']>;
}

const ANY_ADDRESS = Buffer.alloc(4);

/**
 * Opens each namespace, binds all in one commit, and reads back what is bound. What is open neither dies nor gives its inode to
 * another, so no birth needs to be known. Undefined when anything is not as expected: then the whole is to be looked at.
 */
export function bindQuickly(options: QuickBinderOptions): QuickResult | undefined {
  const open: HeldNamespace[] = [];
  try {
    for (const { name, inode } of options.targets) {
      const namespace = options.hold(name);
      if (namespace !== undefined) open.push(namespace);
      if (namespace?.inode !== inode) return undefined;
    }
    const applied = objectsFor(options);
    const before = options.kernel.opening;
    const generation = options.kernel.commit(applied);
    options.onCommitted(applied);
    // Another program has committed just before: what it did is to be found out.
    if (generation > before.generation + 1n) return undefined;
    return { applied, instance: before.instance, generation, bound: readBack(options) };
  } catch (error) {
    if (error instanceof KernelRefusal) return undefined;
    throw error;
  } finally {
    for (const namespace of open) namespace.release();
  }
}

function objectsFor({ targets, held }: QuickBinderOptions): CommitObject[] {
  const compositions = new Map(targets.flatMap(({ composition: one }) => (one ? [[one.digest, one]] : [])));
  const puts = [...compositions.values()]
    .filter(({ digest }) => !held.has(digest))
    .map(({ digest, ruleset }): CommitObject => ({ type: 'ruleset-put', digest, ruleset }));
  const binds = targets.map(({ inode, composition }): CommitObject =>
    composition === undefined
      ? { type: 'release', inode, birth: 0n }
      : { type: 'bind', inode, birth: 0n, digest: composition.digest, initial: false },
  );
  return [...puts, ...binds];
}

function readBack({ kernel, targets }: QuickBinderOptions): QuickResult['bound'] {
  const addresses = { source: ANY_ADDRESS, destination: ANY_ADDRESS };
  return new Map(
    targets.map(({ inode }) => {
      const packet = { inode, hook: Hook.INPUT, family: Family.IPV4, protocol: 0, ...addresses };
      const { digest, epoch } = kernel.classify(packet);
      return [inode, digest === undefined ? undefined : { digest, epoch }];
    }),
  );
}
