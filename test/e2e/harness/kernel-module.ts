/** The module under test, in the guest's kernel. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { run } from './command';

/** $NSGATE_MODULE where it was built for another kernel than the default one. */
const MODULE = process.env.NSGATE_MODULE ?? resolve(__dirname, '../../../kmod/nsgate.ko');

/** Loads the module, with parameters such as `inode=1`, and what it depends on. */
export function loadModule(...parameters: string[]): void {
  const depends = /\0depends=([^\0]*)\0/.exec(readFileSync(MODULE, 'latin1'))?.[1] ?? '';
  for (const name of depends.split(',').filter((one) => one !== '')) run('modprobe', name);
  run('insmod', MODULE, ...parameters);
}

export function unloadModule(): void {
  if (isLoaded()) run('rmmod', 'nsgate');
}

function isLoaded(): boolean {
  return /^nsgate /m.test(readFileSync('/proc/modules', 'utf8'));
}
