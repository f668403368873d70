// Installs the Debian packages that are missing.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { run } from './command.mjs';
import { SetupError } from './setup-error.mjs';

/** @param {string} program */
function isInPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Which of `wanted` are not installed. dpkg-query(1) lists those it knows, and fails if it knows not all.
 * @param {readonly string[]} wanted
 */
function missing(wanted) {
  const format = '${Package} ${db:Status-Status}\n';
  const { error, stdout } = spawnSync('dpkg-query', ['-W', '-f', format, ...wanted], { encoding: 'utf8' });
  if (error) {
    throw new SetupError(
      `this is no Debian machine (dpkg-query: ${error.message}); Debian 12 or later is needed`,
    );
  }
  const installed = new Set(stdout.split('\n').filter((line) => line.endsWith(' installed')));
  return wanted.filter((name) => !installed.has(`${name} installed`));
}

/**
 * What to put before a command to run it as root.
 * @param {readonly string[]} packages for the message when there is no way
 * @returns {string[]}
 */
function asRoot(packages) {
  if (process.getuid?.() === 0) return [];
  if (!isInPath('sudo')) {
    throw new SetupError(
      `no root and no sudo: as root, run \`apt-get install ${packages.join(' ')}\`, then try again`,
    );
  }
  return process.stdin.isTTY ? ['sudo'] : ['sudo', '-n'];
}

/** @param {readonly string[]} packages */
async function install(packages) {
  const prefix = asRoot(packages);
  const environment = ['DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8'];
  /** @param {string[]} aptArguments */
  const apt = (...aptArguments) =>
    run(
      /** @type {[string, ...string[]]} */ ([
        ...prefix,
        'env',
        ...environment,
        'apt-get',
        '-q',
        ...aptArguments,
      ]),
      {
        remedy: `check the network and apt's sources, or install by hand: ${packages.join(' ')}`,
      },
    );
  const patience = ['-o', 'DPkg::Lock::Timeout=300'];
  await apt('update', ...patience);
  await apt('install', '-y', '--no-install-recommends', ...patience, ...packages);
}

/**
 * @param {readonly string[]} wanted
 * @returns {import('./set-up.mjs').Step}
 */
export function debianPackages(wanted) {
  return {
    plan: () => {
      const packages = missing(wanted);
      if (packages.length === 0) return undefined;
      return { what: `installing Debian packages ${packages.join(' ')}`, run: () => install(packages) };
    },
  };
}
