/** How agents and modules are, as hosts report it beside their counters, and when they did last. In memory. */
import type { HostHealth, HostNamespace } from '../model/host';

/** What sums over the fleet are made of. */
export interface HostStanding {
  readonly hostId: string;
  readonly connected: boolean;
  /** Whether it holds everything that it should. */
  readonly isLevel: boolean;
  readonly health: HostHealth | undefined;
  readonly namespaces: ReadonlyMap<string, HostNamespace>;
  /** Since it reported counters last, or its stream opened. */
  readonly sinceCountersMs: number;
}

interface Entry {
  health: HostHealth | undefined;
  /** Milliseconds of a clock that nobody sets. */
  reportedAt: number;
}

export class HostHealthTable {
  readonly #entries = new Map<string, Entry>();

  /** `onChange` is told of each host that says how it is. */
  constructor(private readonly onChange: (hostId: string) => void) {}

  /** The host's stream has opened: it is to report. */
  expect(hostId: string): void {
    this.#entry(hostId).reportedAt = performance.now();
  }

  /** The host has reported counters, and at times how it is. */
  report(hostId: string, health: HostHealth | undefined): void {
    const entry = this.#entry(hostId);
    entry.reportedAt = performance.now();
    if (health === undefined) return;
    entry.health = health;
    this.onChange(hostId);
  }

  get(hostId: string): HostHealth | undefined {
    return this.#entries.get(hostId)?.health;
  }

  /** Since the host reported counters, or was expected to, last. */
  sinceMs(hostId: string): number {
    return performance.now() - (this.#entries.get(hostId)?.reportedAt ?? 0);
  }

  forget(hostId: string): void {
    this.#entries.delete(hostId);
  }

  #entry(hostId: string): Entry {
    const entry = this.#entries.get(hostId) ?? { health: undefined, reportedAt: 0 };
    this.#entries.set(hostId, entry);
    return entry;
  }
}
