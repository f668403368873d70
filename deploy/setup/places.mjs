// The folders and files that the setup works with.
import { mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout. */
export const checkout = realpathSync(join(dirname(fileURLToPath(import.meta.url)), '../..'));

const notes = join(checkout, '.cache', 'setup');

/** Where the output of noisy commands goes. */
export const logFile = join(checkout, '.cache', 'setup.log');

/**
 * Path of a file in which the setup notes something for its next run.
 * @param {string} name
 */
export function noteFile(name) {
  mkdirSync(notes, { recursive: true });
  return join(notes, name);
}
