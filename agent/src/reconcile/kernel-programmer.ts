/** Applies plans to the kernel until nothing is left to do, around whatever it refuses. */
import {
  KernelRefusal,
  MAX_OBJECTS,
  MAX_REQUEST,
  objectSize,
  type CommitObject,
  type Digest,
  type KernelDevice,
  type Listing,
  type RefusalDetail,
  type Ruleset,
} from '../kernel-device';
import type { AddressSet } from '../desired-state/address-set';
import type { HeldNamespace } from '../namespaces/namespace-source';
import { describeRule, type Composition } from './compose';
import { plan, type Actual, type Desired } from './plan';

/** What one namespace is to have. */
export interface Target {
  name: string;
  inode: number;
  composition: Composition;
  allowInitial: boolean;
  /** Of a namespace that has no name any more, and so cannot be held open: it is bound by its birth id alone. */
  nameless?: boolean;
}

export interface ProgrammerOptions {
  kernel: KernelDevice;
  /** As the kernel was found a moment ago. */
  found: Actual;
  targets: readonly Target[];
  /** Opens a namespace by name; undefined when the name no longer stands for the target's inode. */
  hold: (name: string) => HeldNamespace | undefined;
  /** The kernel has taken these. */
  onCommitted: (objects: readonly CommitObject[]) => void;
  /** The kernel says that what this name stood for is gone. */
  onVanished: (name: string) => void;
  /** Rulesets that the kernel has refused before: they are not tried again. */
  refusedRulesets: ReadonlyMap<Digest, string>;
  /** By name in the kernel: all that are held. */
  sets: ReadonlyMap<string, AddressSet>;
  /** Namespaces that stay as they are. */
  keep: ReadonlySet<number>;
  /** As Desired.quarantine. */
  quarantine: boolean | undefined;
  /** Inodes of namespaces that are to be let go if they are in quarantine. */
  releasable: (listing: Listing) => ReadonlySet<number>;
}

export interface ProgrammingResult {
  /** As the kernel has it after all commits. */
  actual: Actual;
  /** Why, by digest; includes those that were refused before. */
  refusedRulesets: Map<Digest, string>;
  /** Why, by inode. */
  refusedBindings: Map<number, string>;
  /** Why, by name in the kernel. */
  refusedSets: Map<string, string>;
}

/** Namespaces that are held open at once, well below the usual limit of file descriptors. */
const MAX_HELD = 512;

/** A request of one kernel round keeps a margin for its header. */
const MAX_PAYLOAD = MAX_REQUEST - 4096;

/** More rounds than this and one for each namespace are never needed: somebody else changes things back and forth. */
const MAX_ROUNDS = 1000;
const NOT_SETTLING = 'the kernel module does not settle: is another program changing its rulesets?';

const TRANSIENT = new Set(['ENOMEM', 'EBUSY', 'EINTR', 'EAGAIN']);

/** Whether a refusal speaks of the moment, and not of what was refused. */
export function isTransient({ errno }: RefusalDetail): boolean {
  return TRANSIENT.has(errno);
}

/** Throws when the kernel module fails in a way that concerns no object of a commit. */
export class KernelProgrammer {
  readonly #refusedRulesets: Map<Digest, string>;
  readonly #refusedBindings = new Map<number, string>();
  /** Inodes that are left as they are for the rest of this run. */
  readonly #leave = new Set<number>();
  readonly #leaveRulesets = new Set<Digest>();
  readonly #refusedSets = new Map<string, string>();
  readonly #leaveSets = new Set<string>();
  readonly #wholeSets = new Set<string>();
  readonly #targets: ReadonlyMap<number, Target>;

  constructor(private readonly options: ProgrammerOptions) {
    this.#targets = new Map(options.targets.map((target) => [target.inode, target]));
    this.#refusedRulesets = new Map(options.refusedRulesets);
  }

  run(): ProgrammingResult {
    let actual = this.options.found;
    for (let round = 0; ; round++) {
      if (round > MAX_ROUNDS + this.options.targets.length) throw new Error(NOT_SETTLING);
      const next = this.#round(actual);
      if (next === undefined) break;
      actual = next;
    }
    return {
      actual,
      refusedRulesets: this.#refusedRulesets,
      refusedBindings: this.#refusedBindings,
      refusedSets: this.#refusedSets,
    };
  }

  /** Gives the listing after it; undefined when there was nothing to do. */
  #round(before: Actual): Actual | undefined {
    const targets = this.#targetsToBind(before);
    const names = targets.filter(({ nameless }) => nameless !== true).map(({ name }) => name);
    const held = this.#holdAll(names);
    const bindable = new Set([...held.keys(), ...targets.map(namelessInode)]);
    try {
      // Listed anew, because only what is open now is sure to be what the listing says.
      const actual = names.length === 0 ? before : readActual(this.options.kernel);
      const objects = fitting(plan(this.#desired(bindable, actual), actual));
      if (objects.length === 0 && names.length === 0) return undefined;
      this.#commit(objects);
    } finally {
      for (const namespace of held.values()) namespace.release();
    }
    return readActual(this.options.kernel);
  }

  #targetsToBind(actual: Actual): Target[] {
    return plan(this.#desired(this.#targets, actual), actual)
      .filter((object) => object.type === 'bind')
      .map(({ inode }) => this.#targets.get(inode))
      .filter((target) => target !== undefined)
      .slice(0, MAX_HELD);
  }

  /** By inode. A name that cannot be held is left alone in this run: whoever resolves names looks at it again. */
  #holdAll(names: readonly string[]): Map<number, HeldNamespace> {
    const held = new Map<number, HeldNamespace>();
    const inodes = new Map(this.options.targets.map(({ name, inode }) => [name, inode]));
    for (const name of names) {
      const namespace = this.options.hold(name);
      if (namespace === undefined) this.#leave.add(inodes.get(name) ?? 0);
      else held.set(namespace.inode, namespace);
    }
    return held;
  }

  /** What is wanted, where only the namespaces of `binding` may be bound now. */
  #desired(binding: { has(inode: number): boolean }, actual: Actual): Desired {
    const rulesets = new Map<Digest, Ruleset>();
    const bindings: Desired['bindings'] = new Map(
      [...this.#targets.values()].map(({ inode, composition: { digest, ruleset }, allowInitial }) => {
        rulesets.set(digest, ruleset);
        return [inode, { digest, allowInitial }];
      }),
    );
    const keep = new Set([...this.#leave, ...this.options.keep]);
    for (const { inode, composition } of this.#targets.values()) {
      const isRefused = this.#refusedRulesets.has(composition.digest) || this.#lacksSet(composition, actual);
      if (!binding.has(inode) || isRefused) keep.add(inode);
    }
    const { sets, quarantine, releasable } = this.options;
    const keepSets = new Set([...this.#leaveSets, ...this.#refusedSets.keys()]);
    return {
      ...{ rulesets, bindings, keep, keepRulesets: this.#leaveRulesets },
      ...{ sets, keepSets, wholeSets: this.#wholeSets },
      ...{ quarantine, release: releasable(actual) },
    };
  }

  /** Whether the ruleset names a set that the kernel neither has nor takes. */
  #lacksSet({ sets }: Composition, actual: Actual): boolean {
    const isHeld = (name: string): boolean => actual.sets.some((listed) => listed.name === name);
    return [...sets].some((name) => this.#refusedSets.has(name) && !isHeld(name));
  }

  #commit(objects: CommitObject[]): void {
    if (objects.length === 0) return;
    try {
      this.options.kernel.commit(objects);
      this.options.onCommitted(objects);
    } catch (error) {
      if (!(error instanceof KernelRefusal)) throw error;
      const refused = objects[error.detail.object ?? objects.length];
      if (refused === undefined) throw error;
      this.#goAround(refused, error.detail);
    }
  }

  /** Each refusal but EAGAIN takes one object out of the rest of the run, so that the run ends. */
  #goAround(refused: CommitObject, detail: RefusalDetail): void {
    // Another writer changed what this commit began with: the next round sees how.
    if (detail.errno === 'EAGAIN') return;
    const reason = `${detail.reason} (${detail.errno})`;
    switch (refused.type) {
      case 'ruleset-put':
        this.#refusedRulesets.set(refused.digest, this.#reasonFor(refused.digest, detail));
        return;
      case 'ruleset-drop':
        this.#leaveRulesets.add(refused.digest);
        return;
      case 'bind':
      case 'unbind':
        this.#leave.add(refused.inode);
        this.#leaveBinding(refused, detail);
        return;
      case 'release':
        this.#leave.add(refused.inode);
        return;
      case 'set-delta':
        // Whoever changed the set beside us: it is given whole.
        this.#wholeSets.add(refused.name);
        return;
      case 'set-put':
        this.#refusedSets.set(refused.name, `the kernel module refused it: ${reason}`);
        return;
      case 'set-drop':
        this.#leaveSets.add(refused.name);
        return;
      case 'setting':
        throw new Error(`the kernel module refused quarantine: ${reason}`);
    }
  }

  #leaveBinding({ type, inode }: { type: 'bind' | 'unbind'; inode: number }, detail: RefusalDetail): void {
    const name = this.#targets.get(inode)?.name;
    const hasVanished = detail.errno === 'ENOENT' || detail.errno === 'ESTALE';
    if (hasVanished && name !== undefined) this.options.onVanished(name);
    else if (type === 'bind') this.#refusedBindings.set(inode, `${detail.reason} (${detail.errno})`);
  }

  #reasonFor(digest: Digest, { rule, reason, errno }: RefusalDetail): string {
    const target = this.options.targets.find(({ composition }) => composition.digest === digest);
    const where =
      rule === undefined || target === undefined ? '' : `${describeRule(target.composition, rule)}: `;
    return `the kernel module refused it: ${where}${reason} (${errno})`;
  }
}

export function readActual(kernel: KernelDevice): Actual {
  return { ...kernel.list(), quarantine: kernel.info().quarantine };
}

/** 0 is no inode. */
function namelessInode({ nameless, inode }: Target): number {
  return nameless === true ? inode : 0;
}

/** As many of the first objects as fit in one request. What puts need comes before what needs them. */
function fitting(objects: CommitObject[]): CommitObject[] {
  let size = 0;
  const end = objects.findIndex((object, index) => {
    size += objectSize(object);
    return index > 0 && (size > MAX_PAYLOAD || index >= MAX_OBJECTS);
  });
  return end === -1 ? objects : objects.slice(0, end);
}
