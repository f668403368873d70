// Starts qemu for one guest, its ports connected by socket pairs: nothing of a run is left on the host's disk.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

import { checkoutRoot } from './cache-folder';
import { findProgram } from './host-program';
import type { KernelImage } from './kernel-image';

/** How the guest's instructions are executed. */
export type Accelerator =
  | { readonly kind: 'kvm' }
  | { readonly kind: 'tcg' }
  /** Software emulation with a clock that advances by 1 ns for each instruction executed. */
  | { readonly kind: 'tcg-counting-instructions' };

/** A TCP port of the guest that the host reaches on its loopback. */
export interface PortForward {
  readonly hostPort: number;
  readonly guestPort: number;
}

/** The machine that qemu emulates. */
export interface QemuOptions {
  readonly image: KernelImage;
  readonly initramfs: string;
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMegabytes: number;
  /** A network card on qemu's user network, or none. */
  readonly network?: { readonly forwards: readonly PortForward[] };
  /** Lets the console have every kernel message instead of warnings and worse. */
  readonly verboseKernel?: boolean;
}

/** A running qemu. */
export interface Qemu {
  readonly process: ChildProcess;
  /** What qemu itself complains about. */
  readonly complaints: Readable;
  /** The first serial port: the kernel's console. */
  readonly console: Socket;
  readonly control: Socket;
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
}

const firstPortDescriptor = 3;
/** The serial ports in the order of their file descriptors in qemu; all but the console are virtio-serial ports. */
const ports = ['console', 'control', 'stdin', 'stdout', 'stderr'] as const;

function portArguments(): string[] {
  const channels = ports.flatMap((port, index) => [
    '-chardev',
    `socket,id=${port},fd=${firstPortDescriptor + index}`,
  ]);
  // Port 0 is reserved for a console; the guest sees port n as /dev/vport0pN.
  const devices = ports
    .slice(1)
    .flatMap((port, index) => ['-device', `virtserialport,bus=serial.0,nr=${index + 1},chardev=${port}`]);
  return [...channels, '-serial', 'chardev:console', '-device', 'virtio-serial-pci,id=serial', ...devices];
}

/** A value within one of qemu's comma-separated options: commas are doubled. */
function optionValue(value: string): string {
  return value.replaceAll(',', ',,');
}

function sharedFolder(tag: string, path: string, access: 'read-only' | 'writable'): string[] {
  const readonly = access === 'read-only' ? 'on' : 'off';
  return [
    '-virtfs',
    `local,path=${optionValue(path)},mount_tag=${tag},security_model=none,multidevs=remap,readonly=${readonly}`,
  ];
}

function acceleratorArguments(accelerator: Accelerator): string[] {
  switch (accelerator.kind) {
    case 'kvm':
      return ['-accel', 'kvm', '-cpu', 'host'];
    case 'tcg':
      return ['-accel', 'tcg,thread=multi', '-cpu', 'max'];
    case 'tcg-counting-instructions':
      // The seed makes what the guest gets as random numbers the same each time.
      return [
        '-accel',
        'tcg',
        '-cpu',
        'max',
        '-icount',
        'shift=0,sleep=off',
        '-seed',
        '1',
        '-rtc',
        'clock=vm',
      ];
  }
}

function networkArguments(network: QemuOptions['network']): string[] {
  if (!network) return [];
  const forwards = network.forwards.map(
    ({ hostPort, guestPort }) => `,hostfwd=tcp:127.0.0.1:${hostPort}-:${guestPort}`,
  );
  return ['-netdev', `user,id=net${forwards.join('')}`, '-device', 'virtio-net-pci,netdev=net,romfile='];
}

function kernelCommandLine(options: QemuOptions): string {
  return [
    'console=ttyS0',
    // 5: KERN_WARNING and worse, so that WARN() shows; less output makes a quicker start.
    `loglevel=${options.verboseKernel === true ? '7' : '5'}`,
    'panic=-1',
    'oops=panic',
    // A starved emulated processor is no stall of the kernel's making.
    'rcupdate.rcu_cpu_stall_timeout=60',
    'watchdog_thresh=30',
    ...(options.accelerator.kind === 'tcg-counting-instructions' ? ['nokaslr'] : []),
    ...(options.image.parameters ?? []),
  ].join(' ');
}

/** The arguments with which qemu-system-x86_64 emulates the machine of `options`. */
export function qemuArguments(options: QemuOptions): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-monitor', 'none'],
    ...['-machine', 'pc,usb=off', '-smp', String(options.cpus), '-m', String(options.memoryMegabytes)],
    ...acceleratorArguments(options.accelerator),
    ...['-kernel', options.image.vmlinuz, '-initrd', options.initramfs],
    ...['-append', kernelCommandLine(options)],
    ...portArguments(),
    ...sharedFolder('root', '/', 'read-only'),
    ...sharedFolder('checkout', checkoutRoot, 'writable'),
    ...sharedFolder('modules', options.image.modules, 'read-only'),
    ...networkArguments(options.network),
  ];
}

/** Path of the emulator. */
export function qemuProgram(): string {
  return findProgram('qemu-system-x86_64', 'qemu-system-x86');
}

/**
 * Starts qemu. It stands apart from the terminal's signals, so that its guest can be stopped in order, but dies with
 * this process however that ends (PR_SET_PDEATHSIG of prctl(2)).
 */
export function startQemu(options: QemuOptions): Qemu {
  const setpriv = findProgram('setpriv', 'util-linux');
  const programArguments = ['--pdeathsig', 'KILL', '--', qemuProgram(), ...qemuArguments(options)];
  const child = spawn(setpriv, programArguments, {
    stdio: ['ignore', 'ignore', 'pipe', ...ports.map(() => 'pipe' as const)],
    detached: true,
  });
  const streams = child.stdio.slice(2) as unknown as [Readable, Socket, Socket, Socket, Socket, Socket];
  const [complaints, console, control, stdin, stdout, stderr] = streams;
  return { process: child, complaints, console, control, stdin, stdout, stderr };
}
