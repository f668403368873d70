// Runs programs of the host to their end, with errors that say which one failed and how to get it.
import { type ExecFileOptions, execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { VmError } from './vm-error';

const execFileAsync = promisify(execFile);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Folders with programs for the administrator, which an ordinary user's PATH may lack. */
const administratorFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** This process's PATH, completed by the folders for the administrator's programs. */
export function completePath(): string {
  const folders = (process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter);
  return [...new Set([...folders, ...administratorFolders])].join(delimiter);
}

/** The full path of the program `name`, which Debian has in the package `debianPackage`. */
export function findProgram(name: string, debianPackage: string): string {
  const found = completePath()
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new VmError(
    `${name} is missing; run \`npm run setup\`, or install the Debian package ${debianPackage}`,
  );
}

/** Runs a program to its end and returns its standard output; throws VmError with its last words if it fails. */
export async function runProgram(
  program: string,
  programArguments: readonly string[],
  options: ExecFileOptions = {},
): Promise<string> {
  try {
    const { stdout } = await execFileAsync(program, programArguments, {
      maxBuffer: 256 * 1024 * 1024,
      ...options,
      encoding: 'utf8',
    });
    return stdout;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const lastWords = stderr.trim().split('\n').slice(-5).join('\n');
    throw new VmError(`${[program, ...programArguments].join(' ')} failed: ${lastWords}`, undefined, {
      cause: error,
    });
  }
}
