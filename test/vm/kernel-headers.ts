// The kernel headers against which modules for a kernel image are built: the host's where they are of exactly the
// image's version, else Debian's packages of them unpacked into the cache folder.
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheFolder, fillFolder } from './cache-folder';
import type { DebianArchive } from './debian-archive';
import { runProgram } from './host-program';
import { type KernelImage, withArchive } from './kernel-image';
import { kernelLineOf } from './kernel-line';
import { VmError } from './vm-error';

async function hostHas(image: KernelImage, folder: string): Promise<boolean> {
  if (!existsSync(join(folder, 'Makefile'))) return false;
  const name = `linux-headers-${image.release}`;
  const version = await runProgram('dpkg-query', ['-W', '-f', '${Version}', name]).catch(() => '');
  return version === image.package.version;
}

/** Leads a symbolic link that points to /usr/src or /usr/lib to the same place under `root`. */
async function relink(link: string, root: string): Promise<void> {
  const target = await readlink(link);
  if (!target.startsWith('/usr/')) return;
  await rm(link);
  await symlink(join(root, target), link);
}

/** The text of a makefile of the headers with paths below `root`, and with this machine's compiler. */
function adapted(makefile: string, root: string): string {
  return makefile
    .replaceAll(/(?<![\w.])\/usr\/(src|lib)\/linux-/g, `${root}$&`)
    .replaceAll(/(?<=\$\(CROSS_COMPILE\))gcc-\d+$/gm, 'gcc');
}

/** Makes the unpacked trees of headers independent of what Debian would have installed, and where. */
async function adapt(unpacked: string, root: string): Promise<void> {
  for (const tree of await readdir(join(unpacked, 'usr/src'))) {
    const folder = join(unpacked, 'usr/src', tree);
    if (lstatSync(folder).isSymbolicLink()) continue;
    // With it, kbuild wants pahole(1) to give modules type information, which nothing here reads.
    await rm(join(folder, 'vmlinux'), { force: true });
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const status = lstatSync(path);
      if (status.isSymbolicLink()) await relink(path, root);
      if (!status.isFile() || !['Makefile', '.kernelvariables'].includes(name)) continue;
      await writeFile(path, adapted(readFileSync(path, 'utf8'), root));
    }
  }
}

/** The package of the headers and those it needs of the same source: the architecture-independent part, and kbuild. */
async function headerPackages(archive: DebianArchive, release: string): Promise<string[] | undefined> {
  const name = `linux-headers-${release}`;
  if ((await archive.names(`^${name.replaceAll('+', String.raw`\+`)}$`)).length === 0) return undefined;
  const needed = await archive.dependencies(name);
  return [name, ...needed.filter((dependency) => /^linux-(?:headers|kbuild)-/.test(dependency))];
}

/**
 * The folder to give as `make -C` to build modules for `image` (Documentation/kbuild/modules.rst).
 * @param announce is told before a download starts.
 * @throws VmError if Debian no longer has the headers of that kernel.
 */
export async function kernelHeaders(
  image: KernelImage,
  announce: (message: string) => void,
): Promise<string> {
  const name = `linux-headers-${image.release}`;
  const ofHost = join('/usr/src', name);
  if (await hostHas(image, ofHost)) return ofHost;
  const root = join(cacheFolder(), 'vm', 'headers', image.release);
  const folder = join(root, 'usr/src', name);
  if (existsSync(folder)) return folder;
  announce(`downloading ${name} from Debian into ${root}`);
  const found = await withArchive(kernelLineOf(image.release), async (archive) => {
    const packages = await headerPackages(archive, image.release);
    if (!packages) return undefined;
    await fillFolder(root, async (unfinished) => {
      for (const part of packages) await archive.unpack(await archive.newest(part), unfinished);
      await adapt(unfinished, root);
    });
    return folder;
  });
  if (found !== undefined) return found;
  const outdated = join(image.modules, '../../..');
  throw new VmError(`Debian has no ${name} any more; remove ${outdated} to have a newer kernel fetched`);
}
