/** Shares the process between what hosts say, all together, and everything else: a millisecond of it in each turn of the event loop. */
import { setImmediate } from 'node:timers/promises';

export interface Reader {
  /** Works on one part of what has come, if it may. Whether to ask again. */
  readNext(): 'again' | 'done';
}

const TURN_MS = 1;

export class ReadingPump {
  readonly #ready = new Set<Reader>();
  #running = false;

  /** The reader has something to work on. */
  schedule(reader: Reader): void {
    this.#ready.add(reader);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    await setImmediate();
    let began = performance.now();
    for (const reader of this.#ready) {
      this.#ready.delete(reader);
      // Behind all others: everybody gets a turn.
      if (reader.readNext() === 'again') this.#ready.add(reader);
      if (performance.now() - began < TURN_MS) continue;
      await setImmediate();
      began = performance.now();
    }
    this.#running = false;
  }
}
