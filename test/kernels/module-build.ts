// Builds the module for one kernel in a folder of its own, and holds compiler and sparse to silence.
import { spawn } from 'node:child_process';
import { cpSync, createWriteStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';

import { checkoutRoot } from '../vm/cache-folder';
import { TestFailure } from './test-failure';

const sources = ['Kbuild', 'src', 'compat', 'uapi'];
const leftovers = /\.(?:o|ko|mod|mod\.c|cmd|symvers|order)$|^probed\.h/;

/** Where the module of one kernel is built, and everything about it is noted. */
export interface ModuleBuild {
  /** The kernel's headers, to give as `make -C`. */
  readonly headers: string;
  /** What `uname -r` says of the kernel. */
  readonly release: string;
  /** The folder that is filled. */
  readonly folder: string;
}

/** The complaints about a file in the output of make: those of a compiler, sparse or modpost, but not kbuild's own notes. */
export function complaintsIn(output: string): string[] {
  const complaint = /^(?:\S+:\d+(?::\d+)?: (?:warning|error): |WARNING: modpost: |ERROR: modpost: )/;
  return output.split('\n').filter((line) => complaint.test(line));
}

/**
 * How to call sparse on a kernel's headers. Its last release, 0.6.4, is older than two things in those of Linux 7:
 * __typeof_unqual__, and strlen() of a literal as a constant.
 */
export function sparseCommand(release: string): string {
  if (Number.parseInt(release, 10) < 7) return 'sparse';
  return "sparse -D__typeof_unqual__=__typeof__ '-D__builtin_strlen(text)=(sizeof(text)-1)'";
}

function copySources(to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const source of sources) {
    cpSync(join(checkoutRoot, 'kmod', source), join(to, source), {
      recursive: true,
      filter: (path) => !leftovers.test(basename(path)),
    });
  }
}

/** Runs make on the module; throws if it fails or anything complains. */
async function make(build: ModuleBuild, name: string, settings: readonly string[]): Promise<void> {
  const { headers, folder } = build;
  const log = join(folder, `${name}.log`);
  const target = ['-C', headers, `M=${join(folder, 'kmod')}`, `-j${availableParallelism()}`];
  const child = spawn('make', [...target, ...settings, 'modules'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  await finished(file.end());
  const complaints = complaintsIn(readFileSync(log, 'utf8'));
  if (complaints[0] !== undefined)
    throw new TestFailure(`${name}: ${complaints.length} complaints, first: ${complaints[0]}`, log);
  if (status !== 0) throw new TestFailure(`${name}: make ended with status ${status ?? 'unknown'}`, log);
}

/**
 * Builds the module from a copy of its sources, with all warnings that kernels ask for (W=1), then checks it by sparse.
 * @returns the path of the module
 * @throws TestFailure on the first complaint about a file
 */
export async function buildModule(build: ModuleBuild): Promise<string> {
  copySources(join(build.folder, 'kmod'));
  await make(build, 'build', ['W=1']);
  await make(build, 'sparse', ['C=2', `CHECK=${sparseCommand(build.release)}`]);
  return join(build.folder, 'kmod/nsgate.ko');
}
