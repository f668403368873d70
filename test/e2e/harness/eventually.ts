/** Waits for what takes its time. */
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 120_000;
const LOOK_AGAIN_MS = 50;

/** Tries `check` until it does not throw, and gives its result; after two minutes, throws what it threw last. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(LOOK_AGAIN_MS);
    }
  }
}
