import perfHooks from 'node:perf_hooks';
import { Metrics } from './metrics';
import { NO_EVENTS, STATUS } from './status.testing';

describe('the metrics of the agent', () => {
  it('leave the process asleep: no timer measures the delays of the event loop', async () => {
    const monitor = jest.spyOn(perfHooks, 'monitorEventLoopDelay');
    const metrics = new Metrics({ status: () => STATUS, events: NO_EVENTS });
    expect(monitor.mock.calls.map(([options]) => options?.resolution)).toEqual([60_000]);
    const text = await metrics.text();
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).not.toMatch(/^nodejs_eventloop_lag_\w+_seconds/m);
    monitor.mockRestore();
  });
});
