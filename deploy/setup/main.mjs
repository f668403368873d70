// Makes a bare Debian machine ready for one of the checkout's purposes; the npm scripts run it first. It depends on
// Node alone, as it runs before `npm ci`. What is in place is left alone, in a fraction of a second.
import { parseArgs } from 'node:util';

import { checkNode } from './node-version.mjs';
import { purposes } from './purposes.mjs';
import { setUp } from './set-up.mjs';
import { SetupError } from './setup-error.mjs';

/** @returns {import('./purposes.mjs').Purpose} */
function requestedPurpose() {
  const { values } = parseArgs({ options: { for: { type: 'string' } } });
  const purpose = purposes.find((name) => name === values.for);
  if (!purpose) throw new SetupError(`usage: node deploy/setup/main.mjs --for ${purposes.join('|')}`, 2);
  return purpose;
}

/**
 * What to tell a person about `error`; undefined if it is a fault of the setup itself.
 * @param {unknown} error
 * @returns {SetupError | undefined}
 */
function explained(error) {
  if (error instanceof SetupError) return error;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (String(error.code).startsWith('ERR_PARSE_ARGS')) return new SetupError(error.message, 2);
  if (!['EACCES', 'EROFS', 'ENOSPC'].includes(String(error.code))) return undefined;
  return new SetupError(`${error.message}; the checkout must be writable for the user who runs this`);
}

try {
  checkNode(process.versions.node);
  await setUp(requestedPurpose());
} catch (error) {
  const explanation = explained(error);
  if (!explanation) throw error;
  process.stderr.write(`setup: ${explanation.message}\n`);
  process.exitCode = explanation.status;
}
