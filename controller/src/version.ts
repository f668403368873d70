/** The version in package.json, which is nearer to the source than to what is built from it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function readVersion(folder = __dirname): string {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return readVersion(dirname(folder));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
