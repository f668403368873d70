// Makes unpacked programs of another Debian suite run here, by that suite's own dynamic loader and libraries: nothing is
// installed, mounted or entered, so it takes no rights. Scripts, static programs and libraries are left as they are.
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { findProgram, runProgram } from './host-program';

/** The file header and the program headers of an ELF file that we look at are within its first bytes (elf(5)). */
const headBytes = 4096;
const programHeaderInterpreter = 3; // PT_INTERP

function head(file: string): Buffer {
  const buffer = Buffer.alloc(headBytes);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.subarray(0, readSync(descriptor, buffer, 0, headBytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Whether these first bytes are those of a 64-bit, little-endian ELF program that a dynamic loader is to start. */
export function isDynamicProgram(bytes: Buffer): boolean {
  if (bytes.length < 64 || bytes.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return false;
  const offset = Number(bytes.readBigUInt64LE(32));
  const size = bytes.readUInt16LE(54);
  const count = bytes.readUInt16LE(56);
  const starts = Array.from({ length: count }, (_, index) => offset + index * size);
  return starts.some(
    (start) => start + 4 <= bytes.length && bytes.readUInt32LE(start) === programHeaderInterpreter,
  );
}

function dynamicPrograms(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/\.(?:o|ko|a|h|c)$|\.so(?:\.|$)/.test(name))
    .map((name) => join(folder, name))
    .filter((file) => lstatSync(file).isFile() && isDynamicProgram(head(file)));
}

/**
 * Has every program under `folder` use the loader and the libraries under `root`, where `folder` will finally stand.
 * @throws VmError if patchelf(1) is missing or fails.
 */
export async function relocatePrograms(folder: string, root: string): Promise<void> {
  const loader = join(root, 'usr/lib64/ld-linux-x86-64.so.2');
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const settings = ['--set-interpreter', loader, '--force-rpath', '--set-rpath', libraries];
  await runProgram(findProgram('patchelf', 'patchelf'), [...settings, ...dynamicPrograms(folder)]);
}
