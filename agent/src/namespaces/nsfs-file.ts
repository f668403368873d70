/** Tells what a path is: a network namespace, a file on which none is mounted yet, or something else. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  statfsSync,
  statSync,
} from 'node:fs';
import type { Finding } from './namespace-entry';
import type { HeldNamespace } from './namespace-source';

/** NSFS_MAGIC of linux/magic.h. */
const NSFS_MAGIC = 0x6e736673;

/** Opens without waiting for the other side of what may turn out to be a FIFO. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Looks at what is on the path now. Follows symbolic links, as ip-netns(8) does. Undefined when nothing is there. */
export function findOut(path: string): Finding | undefined {
  try {
    if (!statSync(path).isFile()) return { kind: 'stray', detail: 'not a file' };
    const fd = openSync(path, OPEN_FLAGS);
    try {
      return findOutOpen(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return findingOfError(path, error as NodeJS.ErrnoException);
  }
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

/** Asks about the open file, so that what is found is true of one thing even while the path changes. */
function findOutOpen(fd: number): Finding {
  const link = `/proc/self/fd/${fd}`;
  const inode = fstatSync(fd).ino;
  if (statfsSync(link).type !== NSFS_MAGIC) return { kind: 'placeholder' };
  const type = namespaceType(readlinkSync(link), inode);
  if (type === 'net') return { kind: 'namespace', inode };
  return { kind: 'stray', detail: `a namespace of another kind: ${type ?? 'unknown'}` };
}

/**
 * Every kind of namespace lives on nsfs. The link of an open nsfs file reads `net:[inode]`, unless the file was reached
 * through a bind mount: then it reads as the mount point, and mountinfo shows `net:[inode]` as the mount's root.
 */
function namespaceType(link: string, inode: number): string | undefined {
  const direct = /^([a-z_]+):\[\d+\]$/.exec(link);
  if (direct !== null) return direct[1];
  return typeInMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'), inode);
}

/** From the fields of mountinfo (proc_pid_mountinfo(5)): mount id, parent, device, root, mount point, … */
export function typeInMountinfo(mountinfo: string, inode: number): string | undefined {
  return new RegExp(`^\\d+ \\d+ \\d+:\\d+ ([a-z_]+):\\[${inode}\\] .* - nsfs `, 'm').exec(mountinfo)?.[1];
}

function findingOfError(path: string, error: NodeJS.ErrnoException): Finding | undefined {
  if (error.code === 'ENOENT' && !isDanglingLink(path)) return undefined;
  return { kind: 'stray', detail: `cannot be looked at: ${error.code ?? error.message}` };
}

function isDanglingLink(path: string): boolean {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
