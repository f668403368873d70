import { readdirSync } from 'node:fs';
import { processMetrics } from './process-metrics';

describe('the metrics of the process', () => {
  it('have the names that are known of Node.js, but none for which every connection is listed', async () => {
    const registry = processMetrics();
    const text = await registry.metrics();
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      expect(text).toContain(`\n${name} `);
    expect(text).not.toContain('nodejs_active_');
  });

  it('tell how many files are open', async () => {
    const [, open = ''] = /^process_open_fds (\d+)$/m.exec(await processMetrics().metrics()) ?? [];
    const listed = readdirSync('/proc/self/fd').length;
    expect(Math.abs(Number(open) - listed)).toBeLessThan(10);
    expect(Number(open)).toBeGreaterThan(2);
  });
});
