// Tells whether something has to be built again: whether its sources are those of its last successful build.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { checkout, noteFile } from './places.mjs';
import { SetupError } from './setup-error.mjs';

/** What builds put beside the sources. */
const builtNames =
  /^(?:node_modules|dist|\.build|\.tmp_versions|probed\.h(?:\.new)?)$|\.(?:o|ko|mod|mod\.c|cmd|symvers|order|tsbuildinfo)$/;

/**
 * @param {string} path of a file or folder
 * @returns {string[]} the source files in it, in order
 */
function sourceFiles(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => !builtNames.test(name));
  return names.sort().flatMap((name) => sourceFiles(join(path, name)));
}

/**
 * @typedef {object} Artifact
 * @property {string} name of the note that is kept on it
 * @property {readonly string[]} sources files and folders, relative to the checkout
 * @property {readonly string[]} results files and folders that its build leaves, relative to the checkout
 * @property {() => string} [circumstances] what else its build depends on
 */

/** @param {Artifact} artifact */
function fingerprint({ sources }) {
  const hash = createHash('sha256');
  for (const file of sources.flatMap((source) => sourceFiles(join(checkout, source)))) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/**
 * What is noted of a build from the sources of `sourcesPrint`.
 * @param {Artifact} artifact
 * @param {string} sourcesPrint
 */
function noteOf({ circumstances = () => '' }, sourcesPrint) {
  return `${sourcesPrint}\n${circumstances()}\n`;
}

/**
 * Whether `artifact` has to be built.
 * @param {Artifact} artifact
 */
export function isStale(artifact) {
  const note = noteFile(artifact.name);
  const built = existsSync(note) ? readFileSync(note, 'utf8') : '';
  const complete = artifact.results.every((result) => existsSync(join(checkout, result)));
  return !complete || built !== noteOf(artifact, fingerprint(artifact));
}

/**
 * Builds `artifact`, and notes of which sources: those from before the build, as they may change while it runs.
 * @param {Artifact} artifact
 * @param {() => Promise<unknown>} build
 * @throws {SetupError} if the build does not leave what it should
 */
export async function buildFresh(artifact, build) {
  const sourcesPrint = fingerprint(artifact);
  await build();
  const absent = artifact.results.filter((result) => !existsSync(join(checkout, result)));
  if (absent.length > 0) throw new SetupError(`the build succeeded but did not make ${absent.join(', ')}`);
  writeFileSync(noteFile(artifact.name), noteOf(artifact, sourcesPrint));
}
