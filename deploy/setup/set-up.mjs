// Performs the steps that a purpose still needs, each with a line on what it does and how long it took.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';

import { builds } from './builds.mjs';
import { debianPackages } from './debian-packages.mjs';
import { withLock } from './lock.mjs';
import { npmPackages } from './npm-packages.mjs';
import { logFile } from './places.mjs';
import { requirementsOf } from './purposes.mjs';

/**
 * @typedef {object} Work
 * @property {string} what it does, for a person
 * @property {() => Promise<void>} run
 *
 * @typedef {object} Step
 * @property {() => Work | undefined} plan what is to be done now, undefined if nothing
 */

/** @param {Work} work */
async function perform({ what, run }) {
  // Standard output belongs to the command that the npm script runs after this.
  process.stderr.write(`setup: ${what} …`);
  const start = performance.now();
  try {
    await run();
  } catch (error) {
    process.stderr.write(' failed\n');
    throw error;
  }
  process.stderr.write(` ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

/**
 * Makes the machine ready for `purpose`; returns at once if it is.
 * @param {import('./purposes.mjs').Purpose} purpose
 * @throws {import('./setup-error.mjs').SetupError} on what a person has to mend
 */
export async function setUp(purpose) {
  const { debianPackages: packages, build } = requirementsOf(purpose);
  /** @type {Step[]} */
  const steps = [debianPackages(packages), npmPackages, ...(build ? builds : [])];
  if (!steps.some((step) => step.plan())) return;
  await withLock(async () => {
    mkdirSync(dirname(logFile), { recursive: true });
    writeFileSync(logFile, '');
    for (const step of steps) {
      const work = step.plan();
      if (work) await perform(work);
    }
  });
}
