/** The kernel module that the demo's host loads: for the virtual machine's kernel, or built for this machine's. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { release } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { DemoOptions } from './options';

const execute = promisify(execFile);
const ROOT = resolve(__dirname, '../..');

/** Path of a module that fits the host's kernel; an Error says what this machine lacks for building one. */
export async function moduleFileFor(host: DemoOptions['host']): Promise<string> {
  return host === 'vm' ? join(ROOT, 'kmod/nsgate.ko') : buildForThisKernel();
}

/** Builds in a copy, so that the module for the virtual machine stays as it is. */
async function buildForThisKernel(): Promise<string> {
  const kernel = release();
  const headers = `/lib/modules/${kernel}/build`;
  if (!existsSync(headers)) await installHeaders(kernel, headers);
  const folder = join(ROOT, '.cache/kmod', kernel);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(ROOT, 'kmod'), folder, {
    recursive: true,
    filter: (path) => !/\.(o|ko|mod|mod\.c|cmd)$/.test(path),
  });
  await execute('make', ['-C', folder, `KDIR=${headers}`]).catch((error: unknown) => {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? '';
    throw new Error(`the module does not build for Linux ${kernel}: ${said}`, { cause: error });
  });
  return join(folder, 'nsgate.ko');
}

async function installHeaders(kernel: string, headers: string): Promise<void> {
  const install = ['install', '-y', '--no-install-recommends', `linux-headers-${kernel}`];
  await execute('apt-get', install).catch((error: unknown) => {
    throw new Error(
      `this machine's kernel ${kernel} has no headers: neither is ${headers} there nor has Debian the package ` +
        `linux-headers-${kernel}. Leave out --host local to use a virtual machine`,
      { cause: error },
    );
  });
  if (!existsSync(headers))
    throw new Error(`linux-headers-${kernel} is installed, but ${headers} is not there`);
}
