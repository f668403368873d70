// A kernel built from Debian's source package with the kernel's own checkers on, kept in the cache by the source's version
// and the configuration.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { cacheFolder } from '../vm/cache-folder';
import type { DebianPackage } from '../vm/debian-archive';
import { findProgram, runProgram } from '../vm/host-program';
import { type KernelImage, withArchive } from '../vm/kernel-image';
import { defaultKernel, kernelLineOf } from '../vm/kernel-line';
import { VmError } from '../vm/vm-error';

/** A bootable kernel, and the folder to build modules for it. */
export interface DebugKernel {
  readonly image: KernelImage;
  readonly headers: string;
}

const sourcePackage = `linux-source-${defaultKernel}`;
const fragment = join(__dirname, 'debug-kernel.config');
/** Of a gigabyte of source, what no configuration of ours compiles or reads. */
const leftOut = [
  ...[
    'arch/[a-tvw]*/*.[chS]',
    'arch/[a-tvw]*/boot/*',
    'Documentation/*/*',
    'tools/testing/*',
    'samples/*.[ch]',
    'sound/*.[ch]',
  ],
  ...['gpu', 'media', 'staging', 'net/ethernet', 'net/wireless', 'infiniband', 'scsi'].map(
    (drivers) => `drivers/${drivers}/*.[ch]`,
  ),
];

/**
 * Interrupts are routed as the BIOS has set them up. To ask ACPI takes a loop in its byte code, which the kernel breaks
 * off after 30 seconds: too soon for this kernel on a busy machine, and then the devices have no interrupts.
 */
const parameters = ['pci=noacpi'];

/** The settings of a kernel configuration that it switches on or gives a value. */
export function settingsOf(configuration: string): ReadonlySet<string> {
  return new Set(configuration.split('\n').filter((line) => /^CONFIG_\w+=/.test(line)));
}

/** Runs make in the source, its output added to `log`. */
async function make(source: string, log: string, targets: readonly string[]): Promise<void> {
  const output = openSync(log, 'a');
  const programArguments = ['-C', source, `O=${join(source, 'build')}`, ...targets];
  const child = spawn('make', programArguments, { stdio: ['ignore', output, output] });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('exit', resolve);
  });
  if (status !== 0) throw new VmError(`make ${targets.join(' ')} of the debug kernel failed; see ${log}`);
}

async function unpackSource(source: string, version: string): Promise<void> {
  const packageFolder = join(source, 'package');
  await mkdir(packageFolder, { recursive: true });
  const found = await withArchive(kernelLineOf(defaultKernel), async (archive) => {
    await archive.unpack({ name: sourcePackage, version }, packageFolder);
    return true;
  });
  if (found !== true) throw new VmError(`Debian has no ${sourcePackage} ${version} any more`);
  const excludes = leftOut.map((pattern) => `--exclude=${sourcePackage}/${pattern}`);
  const archive = join(packageFolder, 'usr/src', `${sourcePackage}.tar.xz`);
  await runProgram('tar', [
    ...['-xJf', archive, '-C', source, '--strip-components=1', '--wildcards'],
    ...excludes,
  ]);
  rmSync(packageFolder, { recursive: true });
}

/** Has the source in its folder, whole: an interrupted build goes on where it was, an interrupted unpacking begins anew. */
async function provideSource(source: string, version: string): Promise<void> {
  const unpacked = join(source, 'unpacked');
  if (existsSync(unpacked)) return;
  rmSync(source, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });
  await unpackSource(source, version);
  writeFileSync(unpacked, '');
}

/** Configures the kernel; what the fragment asks for must be what comes out. */
async function configure(source: string, log: string): Promise<void> {
  await make(source, log, ['allnoconfig', `KCONFIG_ALLCONFIG=${fragment}`]);
  const result = settingsOf(readFileSync(join(source, 'build/.config'), 'utf8'));
  const lost = [...settingsOf(readFileSync(fragment, 'utf8'))].filter((setting) => !result.has(setting));
  if (lost.length > 0) throw new VmError(`the debug kernel's configuration does not take ${lost.join(' ')}`);
}

async function compile(source: string, log: string): Promise<void> {
  for (const [program, debianPackage] of [
    ['flex', 'flex'],
    ['bison', 'bison'],
    ['bc', 'bc'],
  ] as const)
    findProgram(program, debianPackage);
  await configure(source, log);
  await make(source, log, [`-j${availableParallelism()}`, 'bzImage', 'modules']);
  await make(source, log, ['modules_install', `INSTALL_MOD_PATH=${source}/image`]);
  await copyFile(join(source, 'build/arch/x86/boot/bzImage'), join(source, 'image/vmlinuz'));
}

async function newestSource(): Promise<DebianPackage> {
  const line = kernelLineOf(defaultKernel);
  const newest = await withArchive(line, (archive) => archive.newest(sourcePackage));
  if (newest === undefined) throw new VmError(`Debian has no ${sourcePackage}`);
  return newest;
}

function builtKernel(source: string, sourceOf: DebianPackage): DebugKernel {
  const modules = join(source, 'image/lib/modules');
  const [release] = readdirSync(modules);
  if (release === undefined) throw new VmError(`${modules} is empty: remove ${source}, then try again`);
  return {
    image: {
      release,
      package: sourceOf,
      vmlinuz: join(source, 'image/vmlinuz'),
      modules: join(modules, release),
      parameters,
    },
    headers: join(source, 'build'),
  };
}

async function buildKernel(
  source: string,
  { version }: DebianPackage,
  announce: (message: string) => void,
): Promise<void> {
  mkdirSync(source, { recursive: true });
  const log = `${source}.log`;
  rmSync(log, { force: true });
  announce(`building a debug kernel of ${sourcePackage} ${version} in ${source}; its log is ${log}`);
  await provideSource(source, version);
  await compile(source, log);
  writeFileSync(join(source, 'complete'), '');
}

const collator = new Intl.Collator('en', { numeric: true });

/** The newest source of which `kernels` holds a whole kernel of the configuration `key`. */
function newestBuilt(kernels: string, key: string): DebianPackage | undefined {
  const suffix = `-${key}`;
  const folders = existsSync(kernels) ? readdirSync(kernels) : [];
  const version = folders
    .filter((folder) => folder.endsWith(suffix) && existsSync(join(kernels, folder, 'complete')))
    .map((folder) => folder.slice(0, -suffix.length))
    .sort(collator.compare)
    .at(-1);
  return version === undefined ? undefined : { name: sourcePackage, version };
}

/** The configuration's part of the names of the folders in the cache. */
export function configurationKey(): string {
  return createHash('sha256').update(readFileSync(fragment)).digest('hex').slice(0, 16);
}

/**
 * The debug kernel, built if the cache has none of this source and configuration. Where Debian's archive cannot be asked
 * for its newest source, it is the newest that the cache has.
 * @throws VmError if its source cannot be had or does not compile
 */
export async function debugKernel(
  announce: (message: string) => void,
  askArchive: () => Promise<DebianPackage> = newestSource,
): Promise<DebugKernel> {
  const kernels = join(cacheFolder(), 'vm/debug-kernels');
  const key = configurationKey();
  const sourceOf = await askArchive().catch((error: unknown) => {
    const built = newestBuilt(kernels, key);
    if (!(error instanceof VmError) || built === undefined) throw error;
    announce(`apt cannot tell the newest ${sourcePackage}: taking ${built.version} from the cache`);
    return built;
  });
  const source = join(kernels, `${sourceOf.version}-${key}`);
  if (!existsSync(join(source, 'complete'))) await buildKernel(source, sourceOf, announce);
  return builtKernel(source, sourceOf);
}
