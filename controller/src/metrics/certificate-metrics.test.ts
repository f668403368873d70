import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalCa } from '../../../deploy/certificates/local-ca';
import { certificateMetrics } from './certificate-metrics';
import type { MetricFamily, MetricSample } from './exposition';
import { Pace } from './pace';

const folder = mkdtempSync(join(tmpdir(), 'nsgate-certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('tells when certificates run out, anew after they changed, and of a file that cannot be used nothing', async () => {
  const ca = await createLocalCa(join(folder, 'ca'));
  const { cert } = await ca.issue({ name: 'controller', identity: { kind: 'controller', id: 'c' } });
  const source = certificateMetrics({ cert, ca: ca.caFile });
  const told = async (): Promise<Record<string, number>> => {
    const [family] = (await Promise.resolve(source(new Pace()))) as MetricFamily[];
    const samples = [...(family?.samples ?? [])] as MetricSample[];
    return Object.fromEntries(samples.map(({ labels, value }) => [labels?.certificate ?? '', Number(value)]));
  };
  const end = (path: string): number => Date.parse(new X509Certificate(readFileSync(path)).validTo) / 1000;
  expect(end(ca.caFile)).toBeGreaterThan(end(cert));
  expect(await told()).toEqual({ controller: end(cert), ca: end(ca.caFile) });
  writeFileSync(cert, readFileSync(ca.caFile));
  expect((await told()).controller).toBe(end(ca.caFile));
  writeFileSync(cert, 'garbage');
  expect(Object.keys(await told())).toEqual(['ca']);
});
