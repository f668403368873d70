/** Opening a SQLite file of the data folder so that what was acknowledged survives a kill and a power cut. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { causeOf, StartupError } from './startup-error';

export interface DatabaseOptions {
  readonly folder: string;
  readonly file: string;
  /** Whether every commit must outlive a power cut, or only a crash of this process. */
  readonly durability: 'power-cut' | 'crash';
}

/** Opens (or makes) the file, for this process alone. StartupError says what is wrong with the folder or file. */
export function openDatabase({ folder, file, durability }: DatabaseOptions): Database {
  makeWritable(folder);
  const path = join(folder, file);
  try {
    // A second writer fails at once: two controllers on one folder would each miss the other's changes.
    const database = new SqliteDatabase(path, { timeout: 500 });
    database.defaultSafeIntegers(true);
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma(`synchronous = ${durability === 'power-cut' ? 'FULL' : 'NORMAL'}`);
    database.pragma('foreign_keys = ON');
    return database;
  } catch (error) {
    throw new StartupError(explain(path, error), { cause: error });
  }
}

function makeWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartupError(`the data folder ${folder} cannot be written: ${causeOf(error)}`, {
      cause: error,
    });
  }
}

function explain(path: string, error: unknown): string {
  if (isBusy(error)) {
    return `${path} is in use by another process: is a controller already running on this data folder?`;
  }
  return `cannot open ${path}: ${causeOf(error)}`;
}

/** By the code alone: the addon makes its errors by the class that was loaded first in this process. */
function isBusy(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined | null)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY');
}
