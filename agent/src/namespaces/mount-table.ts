/** What is mounted where, out of /proc/self/mountinfo (proc_pid_mountinfo(5)). Pure. */

interface Mount {
  id: string;
  parent: string;
  /** For a namespace: its type and inode, as `net:[4026531840]`. */
  root: string;
  isNamespace: boolean;
}

/** A namespace out of sight, since something else is mounted on the same path. */
export interface HiddenNamespace {
  /** As `net:[4026531840]`. */
  name: string;
}

export class MountTable {
  readonly #byPoint = new Map<string, Mount[]>();
  readonly #types = new Map<number, string>();

  constructor(mountinfo: string) {
    for (const line of mountinfo.split('\n')) this.#add(line);
  }

  /** The type of the namespace of this inode, such as `net` or `uts`, if it is mounted anywhere. */
  typeOf(inode: number): string | undefined {
    return this.#types.get(inode);
  }

  /**
   * A network namespace that was mounted on the path and that another mount hides now. A mount is hidden by one whose parent it
   * is: two mounts of one path that do not stand on each other are one that was propagated, as `ip netns` has it.
   */
  hiddenAt(path: string): HiddenNamespace | undefined {
    const mounts = this.#byPoint.get(path) ?? [];
    const isHidden = ({ id, root }: Mount): boolean =>
      mounts.some((above) => above.parent === id && above.root !== root);
    const hidden = mounts.find(
      (mount) => mount.isNamespace && mount.root.startsWith('net:') && isHidden(mount),
    );
    return hidden && { name: hidden.root };
  }

  /** Fields: mount id, parent, device, root, mount point, options, optional ones, `-`, type, … */
  #add(line: string): void {
    const [id, parent, , root, point] = line.split(' ', 5);
    if (id === undefined || parent === undefined || root === undefined || point === undefined) return;
    const [, type, inode] = /^([a-z_]+):\[(\d+)\]$/.exec(root) ?? [];
    if (type !== undefined) this.#types.set(Number(inode), type);
    const mounts = this.#byPoint.get(unescapePath(point)) ?? [];
    mounts.push({ id, parent, root, isNamespace: type !== undefined });
    this.#byPoint.set(unescapePath(point), mounts);
  }
}

/** Blanks, tabs, newlines and backslashes stand in octal. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
