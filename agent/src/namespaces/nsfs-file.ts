/** Tells what a path is: a network namespace, a file on which none is mounted yet, or something else. */
import { closeSync, constants, fstatSync, openSync, readlinkSync, statSync, type Stats } from 'node:fs';
import type { MountTable } from './mount-table';
import type { Finding } from './namespace-entry';
import type { HeldNamespace } from './namespace-source';

/** Opens without waiting for the other side of what may turn out to be a FIFO. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

let nsfsDevice: number | undefined;

/** What is on the path now; symbolic links are followed, as ip-netns(8) does. Undefined when nothing is there. */
export function statOf(path: string): Stats | NodeJS.ErrnoException | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const fault = error as NodeJS.ErrnoException;
    const isGone = fault.code === 'ENOENT' || fault.code === 'ESRCH';
    return isGone && !isDanglingLink(path) ? undefined : fault;
  }
}

/**
 * What one stat tells, without a look at the mounts, which takes the longer the more there are: a namespace is taken for
 * one of the network, which most are. The kernel module knows no other kind, and would refuse it.
 */
export function findByStat(stat: Stats | NodeJS.ErrnoException): Finding {
  if (!('isFile' in stat))
    return { kind: 'stray', detail: `cannot be looked at: ${stat.code ?? stat.message}` };
  if (!stat.isFile()) return { kind: 'stray', detail: 'not a file' };
  nsfsDevice ??= statSync('/proc/self/ns/net').dev;
  return stat.dev === nsfsDevice ? { kind: 'namespace', inode: stat.ino } : { kind: 'placeholder' };
}

/**
 * As findByStat, and of what kind the namespace is, and whether it is the one that was mounted on the path first. Undefined when
 * its kind cannot be told now.
 */
export function findOut(path: string, stat: Stats, mounts: MountTable): Finding | undefined {
  const finding = findByStat(stat);
  const hidden = mounts.hiddenAt(path);
  if (hidden !== undefined) {
    const inode = finding.kind === 'namespace' ? finding.inode : undefined;
    const detail = `another mount hides ${hidden.name}, which was mounted here first: unmount it to say which is meant`;
    return { kind: 'shadowed', inode, detail };
  }
  if (finding.kind !== 'namespace') return finding;
  const type = mounts.typeOf(finding.inode) ?? typeByLink(path);
  if (type === undefined) return undefined;
  if (type === 'net') return finding;
  return { kind: 'stray', detail: `a namespace of another kind: ${type}` };
}

/** Opens the path and keeps it open. Undefined when it cannot be opened. */
export function holdFile(path: string): HeldNamespace | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, OPEN_FLAGS);
    const inode = fstatSync(fd).ino;
    const held = fd;
    return { inode, release: () => closeSync(held) };
  } catch {
    // Whatever the reason, the caller looks again at what this name is, and reports it.
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }
}

/** For a namespace that is mounted nowhere, such as a symbolic link to one in /proc: the link of the open file reads `net:[…]`. */
function typeByLink(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, OPEN_FLAGS);
    return /^([a-z_]+):\[\d+\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
  } catch {
    // It went away meanwhile: the next look finds that.
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isDanglingLink(path: string): boolean {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
