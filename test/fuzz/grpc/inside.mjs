/** Preloaded into the controller that is fuzzed (node --expose-gc --import): at SIGUSR2 it collects garbage, and logs what is left. */
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers';

function tell() {
  /** @type {Record<string, number>} */
  const active = {};
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1;
  const { heapUsed, external, rss } = process.memoryUsage();
  writeSync(2, `${JSON.stringify({ msg: 'vital signs', heldBytes: heapUsed + external, rss, active })}\n`);
}

process.on('SIGUSR2', () => {
  globalThis.gc?.();
  // What the first has let go of is collected by the second.
  setImmediate(() => {
    globalThis.gc?.();
    tell();
  });
});
