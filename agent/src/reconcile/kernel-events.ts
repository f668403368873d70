/**
 * The kernel module's events: it sends a signal at the next one, and they are read then. No file is held open for that, so that the
 * module can be unloaded under a running agent.
 */
import { constants } from 'node:os';
import type { Logger } from 'pino';
import {
  KernelRefusal,
  KernelUnavailable,
  MAX_EVENTS,
  type KernelDevice,
  type KernelEvent,
} from '../kernel-device';

/** What no process takes amiss that does not expect it. */
const SIGNAL = 'SIGURG';

/** Packets are sampled at up to thousands a second: between two readings that brought nothing else, it waits this long. */
const PACKETS_WAIT_MS = 50;

export interface KernelEventsOptions {
  openKernel: () => KernelDevice;
  log: Logger;
  /** Oldest first. `lost`: events before them that the module no longer held. One of both is not nothing. */
  onEvents: (events: KernelEvent[], lost: bigint) => void;
}

export class KernelEvents {
  #cursor = 0n;
  #instance = 0n;
  /** The load of the module that was asked for a signal. */
  #subscribed: bigint | undefined;
  #unsupported: bigint | undefined;
  #wait: NodeJS.Timeout | undefined;
  readonly #onSignal = (): void => this.#readSoon();
  #hasOnlyPackets = false;
  /** Whether the last reading got everything that had happened. */
  #isComplete = false;
  #lost = 0n;

  constructor(private readonly options: KernelEventsOptions) {}

  start(): void {
    process.on(SIGNAL, this.#onSignal);
    this.#read();
  }

  stop(): void {
    clearTimeout(this.#wait);
    process.off(SIGNAL, this.#onSignal);
  }

  /** Asks for signals again if the module, told apart by `instance`, was not asked yet. */
  renew(instance: bigint): void {
    if (instance !== this.#subscribed && instance !== this.#unsupported) this.#read();
  }

  /** Reads what has happened until now. False when that cannot be known. */
  readNow(): boolean {
    this.#read();
    return this.#isComplete;
  }

  #readSoon(): void {
    if (this.#wait !== undefined) return;
    if (!this.#hasOnlyPackets) this.#read();
    else this.#wait = setTimeout(() => this.#read(), PACKETS_WAIT_MS).unref();
  }

  #read(): void {
    clearTimeout(this.#wait);
    this.#wait = undefined;
    this.#isComplete = false;
    const events: KernelEvent[] = [];
    const lostBefore = this.#lost;
    try {
      const kernel = this.options.openKernel();
      try {
        this.#readAll(kernel, events);
      } finally {
        kernel.close();
      }
    } catch (error) {
      this.#subscribed = undefined;
      // Whoever watches the module sees when it is back, and asks to renew.
      if (!(error instanceof KernelUnavailable))
        this.options.log.warn({ err: error }, 'cannot read the events of the kernel');
    }
    this.#hasOnlyPackets = events.length > 0 && events.every(({ type }) => type === 'packet');
    const lost = this.#lost - lostBefore;
    if (events.length > 0 || lost > 0n) this.options.onEvents(events, lost);
  }

  #readAll(kernel: KernelDevice, events: KernelEvent[]): void {
    const { instance } = kernel.opening;
    if (instance === this.#unsupported) return;
    if (instance !== this.#instance) this.#cursor = 0n;
    this.#instance = this.#cursor === 0n ? 0n : instance;
    try {
      for (let count = MAX_EVENTS; count >= MAX_EVENTS;) {
        const answer = kernel.events({
          cursor: this.#cursor,
          instance: this.#instance,
          signal: constants.signals[SIGNAL],
        });
        this.#cursor = answer.cursor;
        this.#instance = answer.cursor === 0n ? 0n : instance;
        this.#lost += answer.lost;
        if (answer.lost > 0n)
          this.options.log.warn({ lost: String(answer.lost) }, 'events of the kernel were lost');
        events.push(...answer.events);
        count = answer.events.length;
      }
      this.#subscribed = instance;
      this.#isComplete = true;
    } catch (error) {
      this.#refused(instance, error);
    }
  }

  /** Without events there are the scans, which take longer. */
  #refused(instance: bigint, error: unknown): void {
    if (!(error instanceof KernelRefusal)) throw error;
    this.#cursor = 0n;
    this.#instance = 0n;
    if (error.detail.errno === 'ESTALE') return;
    this.#unsupported = instance;
    this.options.log.warn(
      { reason: error.message },
      'the kernel module tells of no events: namespaces are found by scans',
    );
  }
}
