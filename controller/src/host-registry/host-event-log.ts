/** What happened on hosts, as agents tell it: the last of each host, and whoever listens. */
import type { HostEvent } from '../model/host';

/** An event, and whose it is. */
export interface ReportedEvent {
  readonly hostId: string;
  readonly event: HostEvent;
  /** Rises with every event that is told. */
  readonly sequence: bigint;
}

/** Told of every event; `lost`: so many could not be told. */
export type EventListener = (
  told: { readonly reported: ReportedEvent } | { readonly lost: bigint; readonly hostId: string },
) => void;

const KEPT = 1000;

export class HostEventLog {
  readonly #byHost = new Map<string, ReportedEvent[]>();
  readonly #listeners = new Set<EventListener>();
  #lastSequence = 0n;

  report(hostId: string, events: readonly HostEvent[], lost: bigint): void {
    const kept = this.#byHost.get(hostId) ?? [];
    if (lost > 0n) for (const listener of this.#listeners) listener({ lost, hostId });
    for (const event of events) {
      this.#lastSequence += 1n;
      const reported = { hostId, event, sequence: this.#lastSequence };
      kept.push(reported);
      for (const listener of this.#listeners) listener({ reported });
    }
    this.#byHost.set(hostId, kept.slice(-KEPT));
  }

  /** Newest first, at most `limit`, of one host or (undefined) of all, older than `before`. */
  list({
    hostId,
    before,
    limit,
  }: {
    hostId: string | undefined;
    before: bigint | undefined;
    limit: number;
  }): ReportedEvent[] {
    const all =
      hostId === undefined ? [...this.#byHost.values()].flat() : [...(this.#byHost.get(hostId) ?? [])];
    return all
      .filter(({ sequence }) => before === undefined || sequence < before)
      .sort((a, b) => (a.sequence < b.sequence ? 1 : -1))
      .slice(0, limit);
  }

  forget(hostId: string): void {
    this.#byHost.delete(hostId);
  }

  /** Gives what ends it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
