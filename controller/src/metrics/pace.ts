/** Long work on the event loop in slices, so that agents and operators are served in between. */
import { setImmediate } from 'node:timers/promises';

/** Well below the 20 ms that a scrape may hold the loop up. */
const SLICE_MS = 4;
/** The clock is looked at only so often: looking costs more than most steps do. */
const STEPS_PER_LOOK = 32;

export class Pace {
  #steps = 0;
  #sliceEnd = performance.now() + SLICE_MS;

  /** To be called for each step of work: whether it is time to `rest`. */
  isDue(): boolean {
    this.#steps += 1;
    return this.#steps % STEPS_PER_LOOK === 0 && performance.now() >= this.#sliceEnd;
  }

  /** Lets others work. */
  async rest(): Promise<void> {
    await setImmediate();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }
}
