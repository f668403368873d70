/** The one loop that makes the kernel what is desired: marked dirty from anywhere, run once for all marks. */
import type { Logger } from 'pino';
import type { DesiredState } from '../desired-state/desired-state';
import type { HostEvents } from '../host-events/host-events';
import {
  KernelUnavailable,
  type CommitObject,
  type Digest,
  type KernelDevice,
  type KernelEvent,
  type KernelInfo,
} from '../kernel-device';
import { inodeOf, type NamespaceEntry } from '../namespaces/namespace-entry';
import type { NamespaceResolver } from '../namespaces/namespace-resolver';
import { Alarm } from './alarm';
import { tellApplied, type Applied } from './applied';
import { Composer, type Composition } from './compose';
import { tellDrift, type Left } from './drift';
import { KernelProgrammer, readActual, type ProgrammingResult, type Target } from './kernel-programmer';
import { noteBound, noteEvents, sightOf, type KernelSight } from './kernel-sight';
import { describeKernel } from './kernel-watch';
import { Nameless } from './nameless';
import type { Actual } from './plan';
import { namedInodes, Quarantine } from './quarantine';
import { bindQuickly, type QuickTarget } from './quick-binder';
import { describeReality, missingSet, updateReality, type Observed, type Reality } from './reality';
import { RefusedRulesets } from './refused-rulesets';
import { expelReplaced } from './replaced-rulesets';
import { sortOut } from './targets';

export interface ReconcilerOptions {
  desired: Pick<DesiredState, 'policies' | 'sets' | 'completeness'>;
  namespaces: Pick<NamespaceResolver, 'entries' | 'entry' | 'namesOf' | 'hold' | 'recheck'>;
  /** Throws KernelUnavailable. */
  openKernel: () => KernelDevice;
  /** Has noteEvents told of all that has happened until now. False when that cannot be known. */
  readEvents: () => boolean;
  allowInitial: ReadonlySet<string>;
  /** Whether new namespaces are quarantined; undefined: as the kernel has it. */
  quarantine: boolean | undefined;
  /** How long one may stay without a name before it is let go, in milliseconds; undefined: it is kept. */
  quarantineReleaseMs: number | undefined;
  /** Waits before what failed is tried again, in milliseconds. */
  backoff: { next(): number; reset(): void };
  log: Logger;
  events: HostEvents;
  /** A pass is over: `reality` says how things stand. */
  onReality: () => void;
  /** For those who measure. */
  onPass?: (kind: 'quick' | 'whole', durationMs: number) => void;
}

/** After a quick pass, all is looked at: so late that it takes no more than this share of the time, within these bounds. */
const AUDIT_SHARE = 0.002;
const MIN_AUDIT_MS = 1000;
const MAX_AUDIT_MS = 60_000;

const NOTHING = new Map<never, never>();

export class Reconciler {
  readonly #composer = new Composer();
  readonly #refused = new RefusedRulesets();
  readonly #nameless = new Nameless();
  readonly #quarantine: Quarantine;
  #scheduled: NodeJS.Immediate | undefined;
  /** What the next pass is about. */
  #dirty: Set<string> | 'all' = new Set();
  readonly #alarm = new Alarm(() => this.markDirty());
  #obstacle: string | undefined;
  #initialInode: number | undefined;
  #kernelSeen: string | undefined;
  /** As the last whole pass left it; undefined when that failed, or changed nothing by intent. */
  #left: Left | undefined;
  /** As the last whole pass left it, and quick ones since; undefined when that failed. */
  #observed: Seen | undefined;
  #hasMissedEvents = false;
  /** Entries by name, as far as quick passes have changed them, that reality does not tell of yet. */
  #changed = new Map<string, NamespaceEntry | undefined>();
  #passMs = 0;
  /** Rulesets that the kernel holds, as far as is known. */
  #held = new Set<Digest>();
  #reality: Reality = { realizations: new Map(), namespaces: new Map() };

  constructor(private readonly options: ReconcilerOptions) {
    const { quarantineReleaseMs: releaseAfterMs } = options;
    this.#quarantine = new Quarantine({ releaseAfterMs, now: () => performance.now() });
  }

  /** How things stood at the end of the last pass. What quick passes changed is worked out when somebody asks. */
  get reality(): Reality {
    if (this.#observed !== undefined && this.#changed.size > 0) {
      this.#reality = updateReality(this.#reality, this.#observed, this.#changed);
      this.#changed = new Map();
    }
    return this.#reality;
  }

  /** The kernel module as the last pass left it (see describeKernel); undefined when that pass failed. */
  get kernelSeen(): string | undefined {
    return this.#kernelSeen;
  }

  /** Why nothing can be enforced anew; undefined when it can. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** Inode of the host's initial namespace, once the kernel module has told it. */
  get initialInode(): number | undefined {
    return this.#initialInode;
  }

  /** Runs a pass soon, about these names or about all; marks that come until then share it. */
  markDirty(names?: readonly string[]): void {
    if (names === undefined) this.#dirty = 'all';
    else if (this.#dirty !== 'all') for (const name of names) this.#dirty.add(name);
    this.#scheduled ??= setImmediate(() => this.#pass());
  }

  /** Namespaces were born and have died since the kernel was listed. `lost`: events before them that nobody can tell of. */
  noteEvents(events: readonly KernelEvent[], lost: bigint): void {
    this.#hasMissedEvents ||= lost > 0n;
    if (lost > 0n || events.some(({ type }) => type !== 'packet')) this.#auditSoon();
    const sight = this.#observed?.actual;
    const born = sight === undefined ? [] : noteEvents(sight, events);
    // A name that was there before has another namespace now, and whoever looks at names sees the same inode.
    const names = [...born].flatMap((inode) => this.options.namespaces.namesOf(inode));
    if (names.length > 0) this.markDirty(names);
  }

  stop(): void {
    clearImmediate(this.#scheduled);
    this.#alarm.clear();
  }

  /** One whole pass, now. Never throws: what goes wrong is reported, and tried again later. */
  run(): void {
    clearImmediate(this.#scheduled);
    this.#alarm.clear();
    this.#scheduled = undefined;
    this.#dirty = new Set();
    this.#hasMissedEvents = false;
    const start = performance.now();
    const observed = this.#program();
    this.#passMs = performance.now() - start;
    this.options.onPass?.('whole', this.#passMs);
    this.#noteObstacle(observed.obstacle);
    this.#observed = observed.obstacle === undefined ? observed : undefined;
    this.#changed = new Map();
    this.#reality = describeReality(observed, observed.entries);
    this.options.onReality();
  }

  /** All is looked at in a while. */
  #auditSoon(): void {
    const waitMs = Math.min(this.#passMs / AUDIT_SHARE, MAX_AUDIT_MS);
    this.#alarm.within(Math.max(MIN_AUDIT_MS, waitMs));
  }

  #pass(): void {
    const isInformed = this.#dirty !== 'all' && this.options.readEvents() && !this.#hasMissedEvents;
    const names = isInformed ? this.#dirty : 'all';
    if (names === 'all' || !this.#runQuickly([...names])) this.run();
  }

  /** Whether that was enough. */
  #runQuickly(names: readonly string[]): boolean {
    const start = performance.now();
    const observed = this.#observed;
    const changed = new Map(names.map((name) => [name, this.options.namespaces.entry(name)]));
    if (observed === undefined || this.options.desired.completeness === 'unknown') return false;
    const targets = this.#quickTargets([...changed.values()], observed);
    if (targets === undefined) return false;
    this.#scheduled = undefined;
    this.#dirty = new Set();
    if (targets.length > 0 && !this.#bindQuickly(targets, observed)) return false;
    for (const { name, composition } of targets) if (composition) observed.wanted.set(name, composition);
    for (const [name, entry] of changed) this.#changed.set(name, entry);
    this.#auditSoon();
    this.options.onPass?.('quick', performance.now() - start);
    this.options.onReality();
    return true;
  }

  /** Undefined when one of them needs more than a binding. */
  #quickTargets(
    entries: readonly (NamespaceEntry | undefined)[],
    { actual, sets }: Seen,
  ): QuickTarget[] | undefined {
    const targets: QuickTarget[] = [];
    for (const entry of entries) {
      if (entry?.state !== 'ready') continue;
      const { name, inode } = entry;
      const composition = this.#composer.composeOne(this.options.desired.policies, name);
      const bound = actual?.namespaces.get(inode)?.binding?.digest;
      const isUnclear =
        composition === undefined
          ? bound !== undefined
          : (bound !== undefined && bound !== composition.digest) ||
            missingSet(composition, sets) !== undefined ||
            this.#refused.has(composition.digest) ||
            this.options.allowInitial.has(name);
      if (isUnclear) return undefined;
      if (composition !== undefined || this.#left?.actual.quarantine !== false) {
        targets.push({ name, inode, composition });
      }
    }
    return targets;
  }

  /** Whether it went as expected. */
  #bindQuickly(targets: readonly QuickTarget[], { actual }: Seen): boolean {
    const start = performance.now();
    const hold = (name: string): ReturnType<NamespaceResolver['hold']> => this.options.namespaces.hold(name);
    const names = new Map(targets.map(({ inode, name }) => [inode, name]));
    const onCommitted = (applied: readonly CommitObject[]): void => this.#tell(applied, names, start);
    const result = this.#withKernel((kernel) => {
      if (describeKernel(kernel.opening) !== this.#kernelSeen) return undefined;
      return bindQuickly({ kernel, targets, hold, held: this.#held, onCommitted });
    });
    if (result === undefined) return false;
    const { applied, instance, generation } = result;
    this.#kernelSeen = describeKernel({ instance, generation });
    for (const object of applied) if (object.type === 'ruleset-put') this.#held.add(object.digest);
    if (actual !== undefined) noteBound(actual, result);
    return true;
  }

  /** Undefined when the kernel fails: a whole pass finds out how, and reports it. */
  #withKernel<T>(use: (kernel: KernelDevice) => T): T | undefined {
    try {
      const kernel = this.options.openKernel();
      try {
        return use(kernel);
      } finally {
        kernel.close();
      }
    } catch (error) {
      this.options.log.debug({ err: error }, 'a quick pass failed: looking at all');
      return undefined;
    }
  }

  #program(): Seen & { entries: NamespaceEntry[] } {
    const named = this.options.namespaces.entries();
    try {
      const kernel = this.options.openKernel();
      try {
        return this.#programOpen(kernel, named);
      } finally {
        kernel.close();
      }
    } catch (error) {
      this.#kernelSeen = error instanceof KernelUnavailable ? error.state : undefined;
      this.#left = error instanceof KernelUnavailable ? this.#left : undefined;
      const wanted = this.#compose(named);
      const none = {
        actual: undefined,
        refusedRulesets: NOTHING,
        refusedBindings: NOTHING,
        refusedSets: NOTHING,
      };
      const about = { entries: named, wanted, sets: this.options.desired.sets, ...none };
      if (error instanceof KernelUnavailable) return { ...about, obstacle: error.message };
      this.options.log.error({ err: error }, 'the kernel could not be programmed; trying again');
      this.#alarm.within(this.options.backoff.next());
      return { ...about, obstacle: `the kernel could not be programmed: ${(error as Error).message}` };
    }
  }

  #programOpen(kernel: KernelDevice, named: NamespaceEntry[]): Seen & { entries: NamespaceEntry[] } {
    const start = performance.now();
    const { desired } = this.options;
    const info = kernel.opening;
    const found = readActual(kernel);
    const entries = [...named, ...this.#nameless.entries(found, named)];
    const wanted = this.#compose(entries);
    const left = this.#leftNow();
    const pass = { start, info, found, entries, wanted };
    const result = this.#programFound(kernel, pass, left);
    if (left !== undefined && desired.completeness !== 'unknown') {
      tellDrift(left, { instance: info.instance, actual: found, entries }, this.options.events);
    }
    this.#noteListing(info.instance, result.actual);
    this.#nameless.remember(result.actual, named);
    const after = [...named, ...this.#nameless.entries(result.actual, named)];
    return {
      ...result,
      entries: after,
      wanted,
      sets: desired.sets,
      obstacle: undefined,
      actual: sightOf(result.actual),
    };
  }

  /** Without knowing all that is wanted, it only looks. */
  #programFound(kernel: KernelDevice, pass: Pass, left: Left | undefined): ProgrammingResult {
    const { start, info, found, entries, wanted } = pass;
    const { log, events } = this.options;
    if (this.options.desired.completeness === 'unknown') {
      return {
        actual: found,
        refusedRulesets: new Map(),
        refusedBindings: new Map(),
        refusedSets: new Map(),
      };
    }
    const { sets } = this.options.desired;
    const names = new Map([...entries].reverse().map((entry) => [inodeOf(entry), entry.name] as const));
    const { targets, keep } = sortOut(entries, { wanted, sets, allowInitial: this.options.allowInitial });
    const before = left?.instance === info.instance ? left.actual : undefined;
    const trusted = expelReplaced(kernel, { found, left: before, wanted: wanted.values() }, { log, events });
    const result = new KernelProgrammer({
      ...{ kernel, found: trusted, targets, keep, sets },
      hold: (name) => this.options.namespaces.hold(name),
      onCommitted: (objects) => this.#tell(objects, names, start),
      onVanished: (name) => this.options.namespaces.recheck(name),
      refusedRulesets: this.#refused.known(info.instance),
      quarantine: this.options.quarantine,
      releasable: (listing) => this.#quarantine.releasable(listing, namedInodes(entries, wanted)),
    }).run();
    this.#noteRefusals(info.instance, result.refusedRulesets);
    this.#noteUnsettled(targets, result);
    if (this.#quarantine.dueInMs !== undefined) this.#alarm.within(this.#quarantine.dueInMs);
    return result;
  }

  /** With what quick passes and events have told since. */
  #leftNow(): Left | undefined {
    const sight = this.#observed?.actual;
    if (this.#left === undefined || sight === undefined) return this.#left;
    return { ...this.#left, actual: { ...this.#left.actual, namespaces: [...sight.namespaces.values()] } };
  }

  /** By name, also the names that namespaces had which have none now. */
  #compose(entries: readonly NamespaceEntry[]): Map<string, Composition> {
    const names = entries.flatMap((entry) => (entry.state === 'lingering' ? (entry.was ?? []) : entry.name));
    return this.#composer.composeAll(this.options.desired.policies, names);
  }

  #noteListing(instance: bigint, actual: Actual): void {
    this.#kernelSeen = describeKernel({ instance, generation: actual.generation });
    this.#initialInode = actual.namespaces.find(({ initial }) => initial)?.inode;
    this.#left = { instance, actual };
    this.#held = new Set(actual.rulesets.map(({ digest }) => digest));
  }

  /** What could not be bound now, and not because its ruleset was refused, is tried again without being asked. */
  #noteUnsettled(
    targets: readonly Target[],
    { actual, refusedRulesets, refusedSets }: ProgrammingResult,
  ): void {
    const bound = new Map(actual.namespaces.map(({ inode, binding }) => [inode, binding?.digest]));
    const isUnsettled = targets.some(
      ({ inode, composition: { digest } }) => bound.get(inode) !== digest && !refusedRulesets.has(digest),
    );
    if (isUnsettled || refusedSets.size > 0) this.#alarm.within(this.options.backoff.next());
    else this.options.backoff.reset();
  }

  /** A shortage of memory passes, and another version of the module may know more: try again now and then. */
  #noteRefusals(instance: bigint, rulesets: ReadonlyMap<Digest, string>): void {
    for (const [digest, reason] of this.#refused.note(instance, rulesets)) {
      this.options.log.error({ digest, reason }, 'ruleset refused; the one before stays in force');
    }
    if (this.#refused.dueInMs !== undefined) this.#alarm.within(this.#refused.dueInMs);
  }

  #noteObstacle(obstacle: string | undefined): void {
    if (obstacle === this.#obstacle) return;
    if (obstacle === undefined) this.options.log.info('the kernel module answers again');
    else this.options.events.note('module-unusable', `nothing can be enforced anew: ${obstacle}`);
    this.#obstacle = obstacle;
  }

  #tell(objects: readonly CommitObject[], names: Applied['names'], start: number): void {
    const { log, events } = this.options;
    tellApplied({ objects, names, durationMs: performance.now() - start }, log, events);
  }
}

/** As a pass has left it, and quick passes go on with it. */
interface Seen extends Observed {
  wanted: Map<string, Composition>;
  actual: KernelSight | undefined;
}

interface Pass {
  start: number;
  info: KernelInfo;
  found: Actual;
  entries: readonly NamespaceEntry[];
  wanted: ReadonlyMap<string, Composition>;
}
