/** How long the controller's certificates are still good. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { MetricSample, MetricSource } from './exposition';

/** Paths of PEM files: what it serves by, and whom it believes. Of several certificates in a file, the first. */
export interface CertificateFiles {
  readonly cert: string;
  readonly ca: string;
}

const DAY_MS = 86_400_000;

/** The files are read when it is asked for. One that cannot be used has no series: what was read before is served. */
export function certificateMetrics(
  { cert, ca }: CertificateFiles,
  now: () => number = Date.now,
): MetricSource {
  return () => [
    {
      name: 'nsgate_certificate_days_left',
      help: "Days until the controller's certificate, and that of the CA, run out.",
      type: 'gauge',
      samples: [...daysLeft('controller', cert, now()), ...daysLeft('ca', ca, now())],
    },
  ];
}

function daysLeft(certificate: string, path: string, now: number): MetricSample[] {
  try {
    const { validTo } = new X509Certificate(readFileSync(path));
    return [{ labels: { certificate }, value: (Date.parse(validTo) - now) / DAY_MS }];
  } catch {
    return [];
  }
}
