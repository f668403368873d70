/** What happened on this host that an operator should know of: logged at once, and kept until a controller has taken it. */
import type { Logger } from 'pino';

export type HostEventKind =
  'drift-repaired' | 'module-reloaded' | 'module-unusable' | 'state-file' | 'quarantine-released';

export interface HostEvent {
  /** For people. */
  time: Date;
  kind: HostEventKind;
  /** Where it is about one. */
  namespace?: string;
  /** A sentence: what was found, and what was done. */
  detail: string;
}

/** A host that has no controller for long keeps the latest. */
const MAX_KEPT = 1000;

/** Kinds that are nothing to be alarmed by. */
const EXPECTED: ReadonlySet<HostEventKind> = new Set(['quarantine-released']);

export class HostEvents {
  #kept: HostEvent[] = [];
  #lost = 0;
  #onEvent: () => void = () => undefined;
  readonly counts = new Map<HostEventKind, number>();

  constructor(private readonly log: Logger) {}

  note(kind: HostEventKind, detail: string, namespace?: string): void {
    const about = { event: kind, ...(namespace === undefined ? {} : { namespace }) };
    if (EXPECTED.has(kind)) this.log.info(about, detail);
    else this.log.error(about, detail);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#kept.push({ time: new Date(), kind, detail, ...(namespace === undefined ? {} : { namespace }) });
    if (this.#kept.length > MAX_KEPT) {
      this.#kept.shift();
      this.#lost += 1;
    }
    this.#onEvent();
  }

  /** Takes what is kept, oldest first. */
  take(): { events: HostEvent[]; lost: number } {
    const taken = { events: this.#kept, lost: this.#lost };
    this.#kept = [];
    this.#lost = 0;
    return taken;
  }

  /** Calls back at each event. */
  listen(onEvent: () => void): void {
    this.#onEvent = onEvent;
  }
}
