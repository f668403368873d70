/** Which version runs. */
import type { MetricSource } from './exposition';

/** A gauge that is always 1, as Prometheus' own programs have it. */
export function buildInfo(version: string): MetricSource {
  const labels = { version, nodejs: process.version };
  const samples = [{ labels, value: 1 }];
  return () => [{ name: 'nsgate_build_info', help: 'The version that runs.', type: 'gauge', samples }];
}
