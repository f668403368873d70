// The kernel headers against which modules for a kernel image are built: the host's where they are of exactly the
// image's version, else Debian's packages of them unpacked into the cache folder, with their suite's compiler if they
// take that one.
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheFolder, fillFolder } from './cache-folder';
import type { DebianArchive } from './debian-archive';
import { runProgram } from './host-program';
import { type KernelImage, withArchive, withEachSuite } from './kernel-image';
import { type KernelLine, kernelLineOf } from './kernel-line';
import { relocatePrograms } from './relocated-programs';
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

/** The text of a makefile of the headers with paths below `root`, and with the compiler of this machine or of `root`. */
function adapted(makefile: string, root: string, toolchain: KernelLine['toolchain']): string {
  const moved = makefile.replaceAll(/(?<![\w.])\/usr\/(src|lib)\/linux-/g, `${root}$&`);
  if (toolchain === 'host') return moved.replaceAll(/(?<=\$\(CROSS_COMPILE\))gcc-\d+$/gm, 'gcc');
  return moved.replaceAll(/(?<=\bCROSS_COMPILE = )(?=x86_64-linux-gnu-$)/gm, `${root}/usr/bin/`);
}

/** Makes the unpacked trees of headers independent of what Debian would have installed, and where. */
async function adapt(unpacked: string, root: string, toolchain: KernelLine['toolchain']): Promise<void> {
  for (const tree of await readdir(join(unpacked, 'usr/src'))) {
    const folder = join(unpacked, 'usr/src', tree);
    if (lstatSync(folder).isSymbolicLink() || !tree.startsWith('linux-headers-')) continue;
    // With it, kbuild wants pahole(1) to give modules type information, which nothing here reads.
    await rm(join(folder, 'vmlinux'), { force: true });
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const status = lstatSync(path);
      if (status.isSymbolicLink()) await relink(path, root);
      if (!status.isFile() || !['Makefile', '.kernelvariables'].includes(name)) continue;
      await writeFile(path, adapted(readFileSync(path, 'utf8'), root, toolchain));
    }
  }
}

/** The package of the headers of `release` and those it needs of the same source: the common part, and kbuild. */
async function withoutCompiler(archive: DebianArchive, name: string, unpacked: string): Promise<void> {
  const needed = await archive.dependencies(name);
  const parts = needed.filter((dependency) => /^linux-(?:headers|kbuild)-/.test(dependency));
  for (const part of [name, ...parts]) await archive.unpack(await archive.newest(part), unpacked);
}

/** The headers with the compiler, the assembler and the libraries of their suite, all of which then run from `root`. */
async function withCompiler(
  archive: DebianArchive,
  name: string,
  unpacked: string,
  root: string,
): Promise<void> {
  await archive.unpackWithDependencies(await archive.newest(name), unpacked);
  await relocatePrograms(unpacked, root);
  // Where the compiler looks for an assembler of its own before it takes the one in PATH.
  const own = join(unpacked, 'usr/x86_64-linux-gnu/bin');
  await mkdir(own, { recursive: true });
  await symlink('../../bin/x86_64-linux-gnu-as', join(own, 'as'));
  await allowChecker(unpacked);
}

/** Debian leaves out the script which kbuild asks, since Linux 7, whether the checker of `make C=2` works. */
async function allowChecker(unpacked: string): Promise<void> {
  for (const kbuild of await readdir(join(unpacked, 'usr/lib'))) {
    if (!kbuild.startsWith('linux-kbuild-')) continue;
    const script = join(unpacked, 'usr/lib', kbuild, 'scripts/checker-valid.sh');
    if (!existsSync(script)) await writeFile(script, '#!/bin/sh\necho 1\n', { mode: 0o755 });
  }
}

/** Where the archive has the headers, has `root` hold them ready for use; whether it does. */
async function unpackHeaders(
  archive: DebianArchive,
  name: string,
  root: string,
  toolchain: KernelLine['toolchain'],
): Promise<boolean> {
  if ((await archive.names(`^${name.replaceAll('+', String.raw`\+`)}$`)).length === 0) return false;
  await fillFolder(root, async (unfinished) => {
    if (toolchain === 'host') await withoutCompiler(archive, name, unfinished);
    else await withCompiler(archive, name, unfinished, root);
    await adapt(unfinished, root, toolchain);
  });
  return true;
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
  const line = kernelLineOf(image.release);
  const kind = line.toolchain === 'host' ? 'headers' : 'toolchains';
  const root = join(cacheFolder(), 'vm', kind, image.release);
  const folder = join(root, 'usr/src', name);
  if (existsSync(folder)) return folder;
  announce(`downloading ${name} from Debian into ${root}`);
  // A compiler and its libraries must be of one suite, the headers'.
  const search = line.toolchain === 'host' ? withArchive : withEachSuite;
  const found = await search(line, async (archive) =>
    (await unpackHeaders(archive, name, root, line.toolchain)) ? folder : undefined,
  );
  if (found !== undefined) return found;
  const outdated = join(image.modules, '../../..');
  throw new VmError(`Debian has no ${name} any more; remove ${outdated} to have a newer kernel fetched`);
}
