/** A host of names, policies and a kernel, for tests of the reconcile loop; `run` is one whole pass. */
import pino from 'pino';
import type { AddressSet } from '../desired-state/address-set';
import type { Policy } from '../desired-state/policy';
import { HostEvents } from '../host-events/host-events';
import { FakeKernel } from '../kernel-device/fake-kernel.testing';
import { compareNames, inodeOf, type Finding, type NamespaceEntry } from '../namespaces/namespace-entry';
import { NamespaceTable } from '../namespaces/namespace-table';
import type { HeldNamespace } from '../namespaces/namespace-source';
import { KernelEvents } from './kernel-events';
import { Reconciler } from './reconciler';

export const INITIAL = 1;

export interface HostSettings {
  quarantine?: boolean;
  quarantineReleaseMs?: number;
}

export class TestHost {
  readonly kernel = new FakeKernel();
  readonly names = new Map<string, Finding>();
  readonly events = new HostEvents(pino({ level: 'silent' }));
  policies: Policy[] = [];
  sets = new Map<string, AddressSet>();
  completeness: 'unknown' | 'complete' = 'complete';
  allowInitial = new Set<string>();
  held = 0;
  rechecked: (string | undefined)[] = [];
  passes: string[] = [];
  /** Runs whenever a name is about to be opened. */
  beforeHold: (name: string) => void = () => undefined;
  readonly reconciler: Reconciler;
  #kernelEvents!: KernelEvents;

  constructor(private readonly settings: HostSettings = {}) {
    this.kernel.addNamespace(INITIAL, { initial: true });
    this.reconciler = this.restarted();
  }

  /** Another run of the agent, with no memory of its own. */
  restarted(): Reconciler {
    const log = pino({ level: 'silent' });
    const onEvents = (...about: Parameters<Reconciler['noteEvents']>): void =>
      reconciler.noteEvents(...about);
    const kernelEvents = new KernelEvents({ openKernel: this.kernel.open, log, onEvents });
    this.#kernelEvents = kernelEvents;
    const reconciler = new Reconciler({
      desired: this.#desired(),
      namespaces: {
        entries: () => this.entries(),
        entry: (name) => this.entries().find((entry) => entry.name === name),
        namesOf: (inode) =>
          this.entries()
            .filter((one) => inodeOf(one) === inode)
            .map(({ name }) => name),
        hold: (name) => this.hold(name),
        recheck: (name) => this.rechecked.push(name),
      },
      openKernel: this.kernel.open,
      readEvents: () => kernelEvents.readNow(),
      allowInitial: this.allowInitial,
      backoff: { next: () => 200, reset: () => undefined },
      log,
      events: this.events,
      quarantine: this.settings.quarantine,
      quarantineReleaseMs: this.settings.quarantineReleaseMs,
      onReality: () => undefined,
      onPass: (kind) => this.passes.push(kind),
    });
    return reconciler;
  }

  add(name: string, inode: number): void {
    this.names.set(name, { kind: 'namespace', inode });
    if (inode !== INITIAL) this.kernel.addNamespace(inode);
  }

  run(): void {
    this.reconciler.run();
    this.reconciler.stop();
    this.#demandAllClosed();
  }

  /** A pass about these names; gives what kinds of pass it took. */
  async runAbout(...names: string[]): Promise<string[]> {
    this.passes = [];
    this.reconciler.markDirty(names);
    return this.#passed();
  }

  async #passed(): Promise<string[]> {
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    this.reconciler.stop();
    this.#demandAllClosed();
    return this.passes;
  }

  /** The signal of the kernel's events came; gives what kinds of pass it took. */
  async hearEvents(): Promise<string[]> {
    this.passes = [];
    this.#kernelEvents.readNow();
    return this.#passed();
  }

  /** `policy@namespace: state`, and the reason of a failure. */
  standings(): string[] {
    return [...this.reconciler.reality.realizations.values()].map(
      ({ policy: of, namespace, standing }) =>
        `${of}@${namespace}: ${standing.state}${standing.state === 'failed' ? `: ${standing.reason}` : ''}`,
    );
  }

  entries(): NamespaceEntry[] {
    const table = new NamespaceTable();
    table.replace(this.names, { initialInode: INITIAL, allowInitial: this.allowInitial });
    return [...table.entries.values()].sort((a, b) => compareNames(a.name, b.name));
  }

  hold(name: string): HeldNamespace | undefined {
    const before = this.entries().find((entry) => entry.name === name);
    this.beforeHold(name);
    const now = this.entries().find((entry) => entry.name === name);
    if (now?.state !== 'ready' || before?.state !== 'ready' || now.inode !== before.inode) return undefined;
    this.held += 1;
    return { inode: now.inode, release: () => (this.held -= 1) };
  }

  #demandAllClosed(): void {
    expect(this.held).toBe(0);
    expect(this.kernel.openDevices).toBe(0);
  }

  #desired(): ConstructorParameters<typeof Reconciler>[0]['desired'] {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- read at each pass
    const host = this;
    return {
      get policies() {
        return new Map(host.policies.map((one) => [one.name, one]));
      },
      get sets() {
        return host.sets;
      },
      get completeness() {
        return host.completeness;
      },
    };
  }
}
