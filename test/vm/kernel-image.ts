// Stock Debian kernels, unpacked into the cache folder; the host's /boot and package state stay as they are.
import { execFileSync } from 'node:child_process';
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheFolder, fillFolder } from './cache-folder';
import { DebianArchive, type DebianPackage } from './debian-archive';
import { findProgram, runProgram } from './host-program';
import { isWithin, type KernelLine, kernelLineOf, type Suite } from './kernel-line';
import { VmError } from './vm-error';

/** A kernel that can be booted. */
export interface KernelImage {
  /** What `uname -r` says, e.g. `6.1.0-56-amd64`. */
  readonly release: string;
  /** The Debian package it came from. */
  readonly package: DebianPackage;
  /** The compressed kernel, for qemu's `-kernel`. */
  readonly vmlinuz: string;
  /** Its modules with depmod(8)'s indexes: what the guest sees as /lib/modules/RELEASE. */
  readonly modules: string;
  /** What it is to find on its command line, besides what every guest does. */
  readonly parameters?: readonly string[];
}

const collator = new Intl.Collator('en', { numeric: true });

function kernelsFolder(): string {
  return join(cacheFolder(), 'vm', 'kernels');
}

function cachedImage(release: string): KernelImage {
  const folder = join(kernelsFolder(), release);
  return {
    release,
    package: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as DebianPackage,
    vmlinuz: join(folder, 'vmlinuz'),
    modules: join(folder, 'lib', 'modules', release),
  };
}

/** The newest of `releases` that `request` covers. */
function newestWithin(releases: readonly string[], request: string): string | undefined {
  return releases
    .filter((release) => isWithin(release, request))
    .sort(collator.compare)
    .at(-1);
}

function cachedReleases(): string[] {
  const folder = kernelsFolder();
  if (!existsSync(folder)) return [];
  const isRelease = (entry: Dirent): boolean => entry.isDirectory() && !entry.name.startsWith('.');
  return readdirSync(folder, { withFileTypes: true })
    .filter(isRelease)
    .map(({ name }) => name);
}

/** Plain amd64 kernels only: not `cloud` (which lacks modules), `rt`, `unsigned` or `dbg`. */
async function releasesIn(archive: DebianArchive): Promise<string[]> {
  const names = await archive.names(String.raw`^linux-image-[0-9][0-9.+a-z~-]*-amd64$`);
  return names
    .map((name) => name.replace('linux-image-', ''))
    .filter((release) => !/-(?:cloud|rt)-/.test(release));
}

async function fetchFrom(archive: DebianArchive, request: string): Promise<KernelImage | undefined> {
  const release = newestWithin(await releasesIn(archive), request);
  if (release === undefined) return undefined;
  const imagePackage = await archive.newest(`linux-image-${release}`);
  // Since 7.3 the package of this name only depends on those that hold something.
  const parts = await archive.names(
    `^linux-(base|binary|modules)-${release.replace(/[.+]/g, String.raw`\$&`)}$`,
  );
  await fillFolder(join(kernelsFolder(), release), async (folder) => {
    for (const name of [imagePackage.name, ...parts]) await archive.unpack({ ...imagePackage, name }, folder);
    await arrange(folder, release);
    await writeFile(join(folder, 'package.json'), JSON.stringify(imagePackage));
  });
  return cachedImage(release);
}

/** Gives an unpacked image package the cache's layout, and the module indexes that its installation would have made. */
async function arrange(folder: string, release: string): Promise<void> {
  const modules = join('lib', 'modules');
  if (existsSync(join(folder, 'usr', modules))) {
    await mkdir(join(folder, 'lib'), { recursive: true });
    await rename(join(folder, 'usr', modules), join(folder, modules));
  }
  // Packages since trixie's keep the kernel beside its modules.
  const places = [join('boot', `vmlinuz-${release}`), join(modules, release, 'vmlinuz')];
  const place = places.find((path) => existsSync(join(folder, path)));
  if (place === undefined)
    throw new VmError(`the package of linux ${release} has no kernel where Debian's have it`);
  await rename(join(folder, place), join(folder, 'vmlinuz'));
  for (const unneeded of ['boot', 'usr']) await rm(join(folder, unneeded), { recursive: true, force: true });
  await runProgram(findProgram('depmod', 'kmod'), ['-b', folder, release]);
}

/** Runs `use` with the archive by fresh lists of `suites`, which are thrown away after. */
async function withLists<Result>(
  suites: readonly Suite[],
  use: (archive: DebianArchive) => Promise<Result>,
): Promise<Result> {
  const parent = join(cacheFolder(), 'vm');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, '.apt-'));
  try {
    return await use(await DebianArchive.ofSuites(suites, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `use` with the archive by the host's lists, then, if that yields nothing, by lists of our own. */
export async function withArchive<Result>(
  line: KernelLine,
  use: (archive: DebianArchive) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const byHost = await use(DebianArchive.ofHost()).catch((error: unknown) => {
    if (error instanceof VmError) return undefined;
    throw error;
  });
  return byHost ?? withLists(line.suites, use);
}

/** Runs `use` with the archive of one suite of the line after the other, until it yields something. */
export async function withEachSuite<Result>(
  line: KernelLine,
  use: (archive: DebianArchive) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  for (const suite of line.suites) {
    const result = await withLists([suite], use);
    if (result !== undefined) return result;
  }
  return undefined;
}

/**
 * The newest cached kernel that `request` covers (`6.1`, `6.1.0-56`), else the newest that Debian has, downloaded.
 * @param announce is told before a download starts, which takes a while.
 * @throws VmError if the version is not supported or cannot be had.
 */
export async function kernelImage(
  request: string,
  announce: (message: string) => void,
): Promise<KernelImage> {
  const line = kernelLineOf(request);
  const cached = newestWithin(cachedReleases(), request);
  if (cached !== undefined) return cachedImage(cached);
  announce(`downloading Linux ${request} from Debian into ${kernelsFolder()}`);
  const image = await withArchive(line, (archive) => fetchFrom(archive, request));
  if (image) return image;
  const suites = line.suites.map(({ name }) => name).join(', ');
  throw new VmError(`Debian has no linux-image package for kernel ${request} in ${suites}`);
}

/** The content of one of the image's module files, expanded if Debian compressed it. */
export function readModule(image: KernelImage, file: string): Buffer {
  const path = join(image.modules, file);
  if (!file.endsWith('.xz')) return readFileSync(path);
  return execFileSync(findProgram('xz', 'xz-utils'), ['-dc', path], { maxBuffer: 64 * 1024 * 1024 });
}
