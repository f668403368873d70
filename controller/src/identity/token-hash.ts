/** Secrets that are shown once: drawn by us, kept as a hash. */
import { createHash, randomBytes } from 'node:crypto';

/** 256 bits. So many that a plain hash cannot be searched backwards: it needs neither salt nor stretching. */
const BYTES = 32;

/** A new secret, in 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(BYTES).toString('base64url');
}

/** SHA-256 of a secret, in hexadecimal: all that is kept of it. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
