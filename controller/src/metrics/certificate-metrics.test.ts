import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalCa } from '../../../deploy/certificates/local-ca';
import { certificateMetrics } from './certificate-metrics';
import type { MetricFamily, MetricSample } from './exposition';
import { Pace } from './pace';

const folder = mkdtempSync(join(tmpdir(), 'nsgate-certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('tells how many days are left, fewer each day, and of a file that cannot be used nothing', async () => {
  const ca = await createLocalCa(join(folder, 'ca'));
  const { cert } = await ca.issue({ name: 'controller', identity: { kind: 'controller', id: 'c' } });
  let now = Date.now();
  const source = certificateMetrics({ cert, ca: ca.caFile }, () => now);
  const told = async (): Promise<Record<string, number>> => {
    const [family] = (await Promise.resolve(source(new Pace()))) as MetricFamily[];
    const samples = [...(family?.samples ?? [])] as MetricSample[];
    return Object.fromEntries(samples.map(({ labels, value }) => [labels?.certificate ?? '', Number(value)]));
  };
  const before = await told();
  expect(Object.keys(before)).toEqual(['controller', 'ca']);
  now += 10 * 86_400_000;
  expect((await told()).controller).toBeCloseTo((before.controller ?? 0) - 10, 5);
  writeFileSync(cert, 'garbage');
  expect(Object.keys(await told())).toEqual(['ca']);
});
