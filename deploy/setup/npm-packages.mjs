// Installs the npm packages of the lock file when those in node_modules differ from it.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { run } from './command.mjs';
import { checkout } from './places.mjs';

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} Locked
 */

/**
 * The packages of a lock file by their place (package-lock-json(5)), without those of the checkout itself.
 * @param {string} file
 * @returns {Map<string, Locked>}
 */
function lockedPackages(file) {
  /** @type {unknown} */
  const content = JSON.parse(readFileSync(file, 'utf8'));
  const lock = /** @type {{ packages: Record<string, Locked> }} */ (content);
  return new Map(Object.entries(lock.packages).filter(([place]) => place.startsWith('node_modules/')));
}

/** Whether node_modules holds what the lock file says: npm notes what it installed in a lock file of its own there. */
function isInstalled() {
  const installedFile = join(checkout, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const installed = lockedPackages(installedFile);
  const wanted = lockedPackages(join(checkout, 'package-lock.json'));
  for (const place of installed.keys()) if (!wanted.has(place)) return false;
  for (const [place, locked] of wanted) {
    const present = installed.get(place);
    // What is made for other systems is locked, but not installed here.
    if (!present && (locked.optional === true || locked.devOptional === true)) continue;
    if (present?.version !== locked.version || present?.integrity !== locked.integrity) return false;
  }
  return true;
}

/** better-sqlite3's compiled part, without which it installs but does not work. */
const addon = join(checkout, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node');

/** Where Node's own C headers are, if they came with it: with these, nothing is downloaded to compile against. */
function nodeHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

async function install() {
  const environment = { ...nodeHeaders(), npm_config_audit: 'false', npm_config_fund: 'false' };
  const remedy = 'check that the npm registry can be reached';
  if (!isInstalled()) await run(['npm', 'ci'], { environment, remedy });
  if (existsSync(addon)) return;
  await run(['npm', 'rebuild', 'better-sqlite3', '--foreground-scripts'], {
    environment,
    remedy: 'better-sqlite3 must be compiled, which takes g++, make, python3 and the headers of Node',
  });
}

/** @type {import('./set-up.mjs').Step} */
export const npmPackages = {
  plan: () => {
    if (isInstalled() && existsSync(addon)) return undefined;
    return { what: 'installing npm packages', run: install };
  },
};
