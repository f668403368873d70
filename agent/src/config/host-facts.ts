/** What this host is, and whether the agent has the rights that it needs there. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { ConfigFault } from './config';

/** CAP_NET_ADMIN of linux/capability.h. */
const CAP_NET_ADMIN = 12n;

/** uname -r. */
export function kernelRelease(): string {
  return release();
}

/** Changes at every boot. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Inode of the network namespace of process 1; undefined where it may not be looked at. */
export function initialNamespaceInode(): number | undefined {
  try {
    return statSync('/proc/1/ns/net').ino;
  } catch {
    // The kernel module guards the initial namespace itself, and says which it is.
    return undefined;
  }
}

/** Throws ConfigFault without the right to program the kernel module. */
export function demandNetAdmin(): void {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  if ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) % 2n === 1n) return;
  throw new ConfigFault('programming the kernel needs CAP_NET_ADMIN: run as root');
}

/** Makes the folder if it is missing. Throws ConfigFault. */
export function demandFolder(flag: string, path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new ConfigFault(`${flag}: ${(error as Error).message}`);
  }
}
