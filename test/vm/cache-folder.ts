// Where downloaded kernels and what is derived from them are kept between runs.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { VmError } from './vm-error';

/** Absolute path of the checkout, free of symbolic links. */
export const checkoutRoot = realpathSync(resolve(__dirname, '../..'));

/** The cache folder: $NSGATE_CACHE, or .cache in the checkout. Created if absent. */
export function cacheFolder(): string {
  const configured = process.env.NSGATE_CACHE;
  const folder =
    configured === undefined || configured === '' ? join(checkoutRoot, '.cache') : resolve(configured);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new VmError(
      `cannot create the cache folder ${folder}; set NSGATE_CACHE to a writable one`,
      undefined,
      {
        cause: error,
      },
    );
  }
  return realpathSync(folder);
}

function isAlreadyThere(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}

/**
 * Fills `folder` by `fill`, all or nothing: it works in a folder beside it, which takes the final name once complete.
 * When another process was faster, its result stands.
 */
export async function fillFolder(folder: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const parent = resolve(folder, '..');
  mkdirSync(parent, { recursive: true });
  const unfinished = mkdtempSync(join(parent, '.unfinished-'));
  try {
    await fill(unfinished);
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, folder);
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
