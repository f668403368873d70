// The files that results are written to: what takes half an hour to measure must not be lost for a wrong name.
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';

import { VmError } from '../vm/vm-error';

function explaining<Result>(file: string, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    throw new VmError(`cannot write the results to ${file}: ${(error as Error).message}`, undefined, {
      cause: error,
    });
  }
}

/** Makes the file, unless it is there. */
function isMade(file: string): boolean {
  try {
    closeSync(openSync(file, 'ax'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Sees that results can be written to each of the files that are asked for, and leaves all as it was.
 * @throws VmError that names the first to which they cannot
 */
export function demandWritable(...files: readonly (string | undefined)[]): void {
  for (const file of files) {
    if (file === undefined) continue;
    explaining(file, () => {
      if (isMade(file)) rmSync(file);
      else closeSync(openSync(file, 'a'));
    });
  }
}

/**
 * Writes results to a file, in place of what it held.
 * @throws VmError if it cannot be written
 */
export function writeResults(file: string, results: string): void {
  explaining(file, () => writeFileSync(file, results));
}
