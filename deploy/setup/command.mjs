// Runs commands of the setup, their output kept in the log and shown only when they fail.
import { spawn } from 'node:child_process';
import { appendFileSync, createWriteStream } from 'node:fs';

import { checkout, logFile } from './places.mjs';
import { SetupError } from './setup-error.mjs';

const linesShown = 25;

/**
 * @typedef {object} CommandOptions
 * @property {NodeJS.ProcessEnv} [environment] added to this process's
 * @property {string} [remedy] what to do when it fails
 */

/**
 * Runs a command in the checkout to its end.
 * @param {readonly [string, ...string[]]} command
 * @param {CommandOptions} [options]
 * @returns {Promise<string>} its standard output
 * @throws {SetupError} with the end of its output, if it cannot be run or fails
 */
export async function run(command, { environment = {}, remedy = 'see the log' } = {}) {
  const [program, ...programArguments] = command;
  appendFileSync(logFile, `\n$ ${command.join(' ')}\n`);
  const log = createWriteStream(logFile, { flags: 'a' });
  const child = spawn(program, programArguments, {
    cwd: checkout,
    env: { ...process.env, ...environment },
    // The terminal stays reachable for one purpose: sudo may ask for a password there.
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  let standardOutput = '';
  let allOutput = '';
  /** @param {string} text */
  const keep = (text) => {
    allOutput += text;
    log.write(text);
  };
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    standardOutput += text;
    keep(text);
  });
  child.stderr.setEncoding('utf8').on('data', keep);
  const ending = await endOf(child);
  await new Promise((resolve) => log.end(resolve));
  if (ending === undefined) return standardOutput;
  const tail = allOutput.trimEnd().split('\n').slice(-linesShown).join('\n');
  throw new SetupError(
    `\`${command.join(' ')}\` ${ending}\n${tail}\nsetup: ${remedy}; whole output in ${logFile}`,
  );
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<string | undefined>} how it failed, undefined if it did not
 */
function endOf(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be run: ${error.message}`));
    child.once('close', (status, signal) => {
      if (status === 0) resolve(undefined);
      else resolve(signal ? `was killed by ${signal}` : `failed with status ${status ?? 'unknown'}`);
    });
  });
}
