/** What the audit log says of a resource's contents: the same for the same contents, whatever the order of keys. */
import { createHash } from 'node:crypto';

/** SHA-256, in hexadecimal; empty for undefined. */
export function digestOf(value: unknown): string {
  if (value === undefined) return '';
  return createHash('sha256').update(JSON.stringify(value, canonical)).digest('hex');
}

function canonical(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  const record = value instanceof Map ? (Object.fromEntries(value) as Record<string, unknown>) : value;
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record;
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
