/** Shares the process among all who have something to write, so that a change for ten thousand hosts stops nobody else. */
import { setImmediate } from 'node:timers/promises';

export interface Writer {
  /** Writes one message, if there is one and the peer takes it. Whether to ask again at once. */
  writeNext(): 'again' | 'done';
}

const WRITES_BETWEEN_YIELDS = 64;

export class WritePump {
  readonly #ready = new Set<Writer>();
  #running = false;

  /** The writer has something to write. */
  schedule(writer: Writer): void {
    this.#ready.add(writer);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    await setImmediate();
    let writes = 0;
    for (const writer of this.#ready) {
      this.#ready.delete(writer);
      // Behind all others: everybody gets a turn.
      if (writer.writeNext() === 'again') this.#ready.add(writer);
      writes += 1;
      if (writes % WRITES_BETWEEN_YIELDS === 0) await setImmediate();
    }
    this.#running = false;
  }
}
