/** The one loop that makes the kernel what is desired: marked dirty from anywhere, run once for all marks. */
import type { Logger } from 'pino';
import type { DesiredState } from '../desired-state/desired-state';
import {
  KernelUnavailable,
  type CommitObject,
  type Digest,
  type KernelDevice,
  type Listing,
} from '../kernel-device';
import { inodeOf, type NamespaceEntry } from '../namespaces/namespace-entry';
import type { NamespaceResolver } from '../namespaces/namespace-resolver';
import { Composer, type Composition } from './compose';
import { KernelProgrammer, type ProgrammingResult, type Target } from './kernel-programmer';
import { describeKernel } from './kernel-watch';
import { describeReality, type Reality } from './reality';

export interface ReconcilerOptions {
  desired: Pick<DesiredState, 'policies' | 'completeness'>;
  namespaces: Pick<NamespaceResolver, 'entries' | 'hold' | 'recheck'>;
  /** Throws KernelUnavailable. */
  openKernel: () => KernelDevice;
  allowInitial: ReadonlySet<string>;
  /** Waits before what failed is tried again, in milliseconds. */
  backoff: { next(): number; reset(): void };
  log: Logger;
  /** A pass is over: `reality` says how things stand. */
  onReality: () => void;
}

/** How long a ruleset that the kernel refused is not tried again, in milliseconds. */
const REFUSAL_LIFETIME_MS = 30_000;

/** What the kernel answered in a pass. */
interface Outcome {
  actual: Listing | undefined;
  obstacle: string | undefined;
  refusedRulesets: ReadonlyMap<Digest, string>;
  refusedBindings: ReadonlyMap<number, string>;
}

export class Reconciler {
  readonly #composer = new Composer();
  #refused: { instance: bigint; until: number; rulesets: ReadonlyMap<Digest, string> } | undefined;
  #scheduled: NodeJS.Immediate | undefined;
  #retry: { timer: NodeJS.Timeout; due: number } | undefined;
  #obstacle: string | undefined;
  #initialInode: number | undefined;
  #kernelSeen: string | undefined;
  #reality: Reality = { realizations: new Map(), namespaces: new Map() };

  constructor(private readonly options: ReconcilerOptions) {}

  /** How things stood at the end of the last pass. */
  get reality(): Reality {
    return this.#reality;
  }

  /** The kernel module as the last pass left it (see describeKernel); undefined when that pass failed. */
  get kernelSeen(): string | undefined {
    return this.#kernelSeen;
  }

  /** Inode of the host's initial namespace, once the kernel module has told it. */
  get initialInode(): number | undefined {
    return this.#initialInode;
  }

  /** Runs a pass soon; marks that come until then share it. */
  markDirty(): void {
    this.#scheduled ??= setImmediate(() => this.run());
  }

  stop(): void {
    clearImmediate(this.#scheduled);
    this.#forgetRetry();
  }

  /** One pass, now. Never throws: what goes wrong is reported, and tried again later. */
  run(): void {
    clearImmediate(this.#scheduled);
    this.#forgetRetry();
    this.#scheduled = undefined;
    const entries = this.options.namespaces.entries();
    const wanted = this.#compose(entries);
    const outcome = this.#program(entries, wanted);
    this.#noteObstacle(outcome.obstacle);
    this.#reality = describeReality({ entries, wanted, ...outcome });
    this.options.onReality();
  }

  #compose(entries: readonly NamespaceEntry[]): Map<string, Composition> {
    const names = entries.map(({ name }) => name);
    return this.#composer.composeAll(this.options.desired.policies, names);
  }

  #program(entries: readonly NamespaceEntry[], wanted: ReadonlyMap<string, Composition>): Outcome {
    const none = { actual: undefined, refusedRulesets: new Map(), refusedBindings: new Map() };
    try {
      const kernel = this.options.openKernel();
      try {
        return this.#programOpen(kernel, entries, this.#targets(entries, wanted));
      } finally {
        kernel.close();
      }
    } catch (error) {
      this.#kernelSeen = error instanceof KernelUnavailable ? error.state : undefined;
      if (error instanceof KernelUnavailable) return { ...none, obstacle: error.message };
      this.options.log.error({ err: error }, 'the kernel could not be programmed; trying again');
      this.#retryWithin(this.options.backoff.next());
      return { ...none, obstacle: `the kernel could not be programmed: ${(error as Error).message}` };
    }
  }

  #programOpen(kernel: KernelDevice, entries: readonly NamespaceEntry[], targets: Target[]): Outcome {
    const start = performance.now();
    const { instance } = kernel.info();
    if (this.options.desired.completeness === 'unknown') return this.#lookOnly(instance, kernel.list());
    const { applied, ...result } = new KernelProgrammer({
      kernel,
      targets,
      hold: (name) => this.options.namespaces.hold(name),
      onVanished: (name) => this.options.namespaces.recheck(name),
      refusedRulesets: this.#stillRefused(instance),
    }).run();
    this.#noteListing(instance, result.actual);
    this.#noteRefusals(instance, result.refusedRulesets);
    this.#noteUnsettled(targets, result);
    this.#logApplied(applied, entries, performance.now() - start);
    return { ...result, obstacle: undefined };
  }

  #lookOnly(instance: bigint, actual: Listing): Outcome {
    this.#noteListing(instance, actual);
    return { actual, obstacle: undefined, refusedRulesets: new Map(), refusedBindings: new Map() };
  }

  #noteListing(instance: bigint, { generation, namespaces }: Listing): void {
    const bindings = namespaces.filter(({ binding }) => binding !== undefined).length;
    this.#kernelSeen = describeKernel({ instance, generation, namespaces: namespaces.length, bindings });
    this.#initialInode = namespaces.find(({ initial }) => initial)?.inode;
  }

  /** What could not be bound now, and not because its ruleset was refused, is tried again without being asked. */
  #noteUnsettled(
    targets: readonly Target[],
    { actual, refusedRulesets }: Omit<ProgrammingResult, 'applied'>,
  ): void {
    const bound = new Map(actual.namespaces.map(({ inode, binding }) => [inode, binding?.digest]));
    const isUnsettled = targets.some(
      ({ inode, composition: { digest } }) => bound.get(inode) !== digest && !refusedRulesets.has(digest),
    );
    if (isUnsettled) this.#retryWithin(this.options.backoff.next());
    else this.options.backoff.reset();
  }

  #targets(entries: readonly NamespaceEntry[], wanted: ReadonlyMap<string, Composition>): Target[] {
    return entries.flatMap((entry) => {
      const composition = wanted.get(entry.name);
      if (entry.state !== 'ready' || composition === undefined) return [];
      const { name, inode } = entry;
      return [{ name, inode, composition, allowInitial: this.options.allowInitial.has(name) }];
    });
  }

  #stillRefused(instance: bigint): ReadonlyMap<Digest, string> {
    const refused = this.#refused;
    if (refused?.instance !== instance || performance.now() >= refused.until) return new Map();
    return refused.rulesets;
  }

  /** A shortage of memory passes, and another version of the module may know more: try again now and then. */
  #noteRefusals(instance: bigint, rulesets: ReadonlyMap<Digest, string>): void {
    const known = this.#stillRefused(instance);
    for (const [digest, reason] of rulesets) {
      if (!known.has(digest))
        this.options.log.error({ digest, reason }, 'ruleset refused; the one before stays in force');
    }
    if (rulesets.size === 0) {
      this.#refused = undefined;
      return;
    }
    const until = known.size > 0 ? this.#refused?.until : undefined;
    this.#refused = { instance, until: until ?? performance.now() + REFUSAL_LIFETIME_MS, rulesets };
    this.#retryWithin(this.#refused.until - performance.now());
  }

  /** Of several delays the shortest counts. */
  #retryWithin(delayMs: number): void {
    const due = performance.now() + delayMs;
    if (this.#retry !== undefined && this.#retry.due <= due) return;
    clearTimeout(this.#retry?.timer);
    const timer = setTimeout(() => this.markDirty(), delayMs);
    timer.unref();
    this.#retry = { timer, due };
  }

  #forgetRetry(): void {
    clearTimeout(this.#retry?.timer);
    this.#retry = undefined;
  }

  #noteObstacle(obstacle: string | undefined): void {
    if (obstacle === this.#obstacle) return;
    if (obstacle === undefined) this.options.log.info('the kernel module answers again');
    else this.options.log.error({ reason: obstacle }, 'nothing can be enforced anew');
    this.#obstacle = obstacle;
  }

  #logApplied(
    applied: readonly CommitObject[],
    entries: readonly NamespaceEntry[],
    durationMs: number,
  ): void {
    // Of several names for one inode the ready one comes first.
    const names = new Map(entries.map((entry) => [inodeOf(entry), entry.name] as const).reverse());
    for (const object of applied) {
      if (object.type === 'ruleset-put' || object.type === 'ruleset-drop') {
        this.options.log.debug({ digest: object.digest }, object.type);
        continue;
      }
      const { type, inode } = object;
      const digest = object.type === 'bind' ? object.digest : undefined;
      this.options.log.info({ namespace: names.get(inode), inode, digest, durationMs }, type);
    }
  }
}
