/** Metrics of the process itself. */
import { readdir } from 'node:fs/promises';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/**
 * Those of prom-client, but for what lists every connection in one go, which holds the loop up the longer the more hosts there are. The number of
 * open files, by which a process is seen to come to its limit, is found aside from the loop.
 */
export function processMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) {
    if (name === OPEN_FILES || name.startsWith('nodejs_active_')) registry.removeSingleMetric(name);
  }
  new Gauge({
    ...{ name: OPEN_FILES, help: 'Number of open file descriptors.', registers: [registry] },
    async collect(): Promise<void> {
      // One is the folder's own.
      this.set((await readdir('/proc/self/fd')).length - 1);
    },
  });
  return registry;
}

const OPEN_FILES = 'process_open_fds';
