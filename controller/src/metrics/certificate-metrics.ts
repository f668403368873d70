/** Until when the controller's certificates are good. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { MetricSample, MetricSource } from './exposition';

/** Paths of PEM files: what it serves by, and whom it believes. Of several certificates in a file, the first. */
export interface CertificateFiles {
  readonly cert: string;
  readonly ca: string;
}

/** The files are read when it is asked for. One that cannot be used has no series: what was read before is served. */
export function certificateMetrics({ cert, ca }: CertificateFiles): MetricSource {
  return () => [
    {
      name: 'nsgate_certificate_expiration_timestamp_seconds',
      help: "Unix time at which the controller's certificate, and that of the CA, run out.",
      type: 'gauge',
      samples: [...expiration('controller', cert), ...expiration('ca', ca)],
    },
  ];
}

function expiration(certificate: string, path: string): MetricSample[] {
  try {
    const { validTo } = new X509Certificate(readFileSync(path));
    return [{ labels: { certificate }, value: Date.parse(validTo) / 1000 }];
  } catch {
    return [];
  }
}
