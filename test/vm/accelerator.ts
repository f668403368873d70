// Chooses how qemu executes the guest. /dev/kvm being there proves nothing: under nested virtualization it may open
// and then hang the guest. So KVM is used only after a real boot with it has reached the guest's first process.
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { cacheFolder } from './cache-folder';
import { ConsoleWatch } from './console-watch';
import { runProgram } from './host-program';
import type { KernelImage } from './kernel-image';
import { type Accelerator, qemuProgram, startQemu } from './qemu';

/** What may be asked for; `auto` is KVM where it works, else TCG. */
export type AcceleratorRequest = 'auto' | 'kvm' | 'tcg';

const probeSeconds = 8;
/** guest/init.sh prints it first. */
const firstLine = 'nsgate-vm: init';

function mayOpenKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Boots `image` with KVM far enough to see its first process, and no further. */
async function bootsWithKvm(image: KernelImage, initramfs: string): Promise<boolean> {
  const accelerator = { kind: 'kvm' } as const;
  const qemu = startQemu({ image, initramfs, accelerator, cpus: 1, memoryMegabytes: 512 });
  const console = new ConsoleWatch();
  const works = await new Promise<boolean>((resolve) => {
    const giveUp = setTimeout(() => resolve(false), probeSeconds * 1000);
    qemu.console.setEncoding('utf8').on('data', (text: string) => {
      console.feed(text);
      if (console.hasPrinted(firstLine)) resolve(true);
    });
    qemu.process.once('exit', () => resolve(false)).once('error', () => resolve(false));
    qemu.process.once('exit', () => clearTimeout(giveUp));
  });
  qemu.process.kill('SIGKILL');
  return works;
}

interface ProbeRecord {
  readonly key: string;
  readonly works: boolean;
}

function recordedProbe(file: string, key: string): boolean | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as ProbeRecord;
    return record.key === key ? record.works : undefined;
  } catch {
    return undefined; // No record, or one that cannot be read: probe again.
  }
}

/** Whether KVM works here for `image`; probed once per kernel, qemu version and boot of this machine. */
async function kvmWorks(image: KernelImage, initramfs: string): Promise<boolean> {
  if (!mayOpenKvm()) return false;
  const version = (await runProgram(qemuProgram(), ['--version'])).split('\n')[0] ?? '';
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const key = [image.release, version, bootId].join(' | ');
  const file = join(cacheFolder(), 'vm', `kvm-probe-${image.release}.json`);
  const recorded = recordedProbe(file, key);
  if (recorded !== undefined) return recorded;
  const works = await bootsWithKvm(image, initramfs);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ key, works } satisfies ProbeRecord));
  return works;
}

/** Settles a request for an accelerator for `image`. */
export async function chooseAccelerator(
  request: AcceleratorRequest,
  image: KernelImage,
  initramfs: string,
): Promise<Accelerator> {
  if (request !== 'auto') return { kind: request };
  return { kind: (await kvmWorks(image, initramfs)) ? 'kvm' : 'tcg' };
}
