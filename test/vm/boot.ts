// From a plain description of a run to a running machine: finds the kernel, makes the initramfs, chooses the accelerator.
import { type AcceleratorRequest, chooseAccelerator } from './accelerator';
import { checkoutRoot } from './cache-folder';
import { completePath } from './host-program';
import { initramfs } from './initramfs';
import { type KernelImage, kernelImage } from './kernel-image';
import { defaultKernel } from './kernel-line';
import { Machine } from './machine';
import type { PortForward } from './qemu';

/** What to run, and in what machine. */
export interface BootOptions {
  /** Program and arguments; a program without `/` is looked up in PATH. */
  readonly command: readonly string[];
  /** A kernel line or version, e.g. `6.1` (the default) or `6.1.0-56`; or a kernel that is at hand. */
  readonly kernel?: string | KernelImage;
  /** Number of processors; 1 unless given. */
  readonly cpus?: number;
  /** Main memory, which also holds all that the guest writes outside the checkout; 1024 unless given. */
  readonly memoryMegabytes?: number;
  /** `auto` unless given. */
  readonly accelerator?: AcceleratorRequest;
  /** Has guest time advance by 1 ns for each instruction executed; needs one processor, excludes KVM. */
  readonly countInstructions?: boolean;
  /** A network card on which the host's loopback is 10.0.2.2; `forwards` are ports that the host reaches on its own. */
  readonly network?: { readonly forwards: readonly PortForward[] };
  /** Absolute folder in which the command starts, the checkout's root unless given. */
  readonly workingDirectory?: string;
  /** Added to the environment that every command gets: PATH, HOME, USER, SHELL, TERM, LANG. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly verboseKernel?: boolean;
  /** Told of steps that take long, e.g. a download. */
  readonly announce?: (message: string) => void;
}

function guestEnvironment(): Record<string, string> {
  const { TERM = 'dumb', LANG = 'C.UTF-8' } = process.env;
  return {
    PATH: completePath(),
    HOME: '/root',
    USER: 'root',
    LOGNAME: 'root',
    SHELL: '/bin/bash',
    TERM,
    LANG,
  };
}

/**
 * Boots a machine that runs one command.
 * @throws VmError if this machine lacks something that takes.
 */
export async function boot(options: BootOptions): Promise<Machine> {
  const { kernel = defaultKernel, announce = () => undefined } = options;
  const image = typeof kernel === 'string' ? await kernelImage(kernel, announce) : kernel;
  const initramfsPath = initramfs(image);
  const accelerator = options.countInstructions
    ? ({ kind: 'tcg-counting-instructions' } as const)
    : await chooseAccelerator(options.accelerator ?? 'auto', image, initramfsPath);
  return Machine.start({
    image,
    initramfs: initramfsPath,
    accelerator,
    cpus: options.cpus ?? 1,
    memoryMegabytes: options.memoryMegabytes ?? 1024,
    ...(options.network && { network: options.network }),
    verboseKernel: options.verboseKernel ?? false,
    command: options.command,
    workingDirectory: options.workingDirectory ?? checkoutRoot,
    environment: { ...guestEnvironment(), ...options.environment },
  });
}
