// Writes the "newc" cpio format that the kernel unpacks as its initramfs
// (Documentation/driver-api/early-userspace/buffer-format.rst).

/** One entry of the archive. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly content: Buffer; readonly executable?: boolean }
  | {
      readonly kind: 'character-device';
      readonly path: string;
      readonly major: number;
      readonly minor: number;
    };

const fileTypes = { directory: 0o040755, file: 0o100644, 'character-device': 0o020600 } as const;

function modeOf(entry: CpioEntry): number {
  return entry.kind === 'file' && entry.executable === true ? 0o100755 : fileTypes[entry.kind];
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
}

function encodeEntry(entry: CpioEntry, inode: number): Buffer {
  const content = entry.kind === 'file' ? entry.content : Buffer.alloc(0);
  const name = Buffer.from(`${entry.path}\0`);
  const device = entry.kind === 'character-device' ? [entry.major, entry.minor] : [0, 0];
  const links = entry.kind === 'directory' ? 2 : 1;
  // inode, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [inode, modeOf(entry), 0, 0, links, 0, content.length, 0, 0, ...device, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

/** The archive with `entries` in order (a folder before what is in it), owned by root, dated 1970. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const trailer: CpioEntry = { kind: 'file', path: 'TRAILER!!!', content: Buffer.alloc(0) };
  return Buffer.concat([...entries, trailer].map((entry, index) => encodeEntry(entry, index + 1)));
}
