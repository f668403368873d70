/** /dev/nsgate as a file: exactly one write() for a request, then read() until the reply ends. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { KernelUnavailable } from './kernel-error';

export interface DeviceFile {
  /** Gives the name of the errno, as far as Node knows one, when the module refuses the request. */
  write(request: Buffer): string | undefined;
  /** The whole reply; empty when there is none. */
  read(): Buffer;
  close(): void;
}

const FIRST_READ = 64 << 10;

/** Throws KernelUnavailable when the module is not loaded or the device may not be opened. */
export function openDeviceFile(path: string): DeviceFile {
  const fd = openOrExplain(path);
  return {
    write: (request) => writeWhole(fd, request),
    read: () => readToEnd(fd),
    close: () => closeSync(fd),
  };
}

const ABSENT = new Set(['ENOENT', 'ENXIO', 'ENODEV']);
const FORBIDDEN = new Set(['EPERM', 'EACCES']);

function openOrExplain(path: string): number {
  try {
    return openSync(path, constants.O_RDWR);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (ABSENT.has(errno)) {
      const message = `the kernel module is not loaded: ${path} is not there (modprobe nsgate)`;
      throw new KernelUnavailable('absent', message, error);
    }
    if (FORBIDDEN.has(errno)) {
      const message = `${path} opens only for CAP_NET_ADMIN in the initial user namespace, from the host's own network namespace: run as root, outside of containers`;
      throw new KernelUnavailable('forbidden', message, error);
    }
    throw error;
  }
}

function writeWhole(fd: number, request: Buffer): string | undefined {
  try {
    const written = writeSync(fd, request);
    if (written === request.length) return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
  throw new Error(`the kernel module took a part of a request of ${request.length} bytes`);
}

/** Most replies are short: they are read into this one and copied, so that there is little for the garbage collector. */
const firstBuffer = Buffer.allocUnsafeSlow(FIRST_READ);

function readToEnd(fd: number): Buffer {
  let buffer = firstBuffer;
  let length = 0;
  for (;;) {
    const read = readSync(fd, buffer, length, buffer.length - length, null);
    if (read === 0) break;
    length += read;
    if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 4);
  }
  return buffer === firstBuffer ? Buffer.from(buffer.subarray(0, length)) : buffer.subarray(0, length);
}

function errnoOf(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  // libuv has no name for some, ESTALE among them: the reply tells them apart.
  return typeof code === 'string' && /^(E[A-Z0-9]+|UNKNOWN)$/.test(code) ? code : undefined;
}
