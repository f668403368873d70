// The oldest Node that the project runs on.
import { SetupError } from './setup-error.mjs';

const oldestMajor = 20;

/**
 * @param {string} version as in process.versions.node
 * @throws {SetupError} if it is too old
 */
export function checkNode(version) {
  if (Number(version.split('.')[0]) >= oldestMajor) return;
  throw new SetupError(
    `Node ${version} is too old; install Node ${oldestMajor} or later (https://nodejs.org)`,
  );
}
