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

try {
  checkNode(process.versions.node);
  await setUp(requestedPurpose());
} catch (error) {
  const isUsage =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof SetupError) && !isUsage) throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exitCode = error instanceof SetupError ? error.status : 2;
}
