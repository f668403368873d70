// The lines of Debian kernels that the runner knows, and where the archive has each.
import { exitStatus, VmError } from './vm-error';

/** A suite of a Debian archive. */
export interface Suite {
  readonly archive: 'main' | 'security';
  readonly name: string;
  /** The suite that completes it, where it is not one that stands alone. */
  readonly base?: string;
}

/** One line of kernels, e.g. 6.1. */
export interface KernelLine {
  /** Leading part of its versions. */
  readonly prefix: string;
  readonly suites: readonly Suite[];
  /** Whose compiler and C library its headers take: what they hold as programs may need a newer library than the host has. */
  readonly toolchain: 'host' | 'suite';
}

const kernelLines: readonly KernelLine[] = [
  {
    prefix: '5.10',
    suites: [
      { archive: 'main', name: 'bullseye' },
      { archive: 'security', name: 'bullseye-security' },
    ],
    toolchain: 'host',
  },
  {
    prefix: '6.1',
    suites: [
      { archive: 'main', name: 'bookworm' },
      { archive: 'security', name: 'bookworm-security' },
    ],
    toolchain: 'host',
  },
  { prefix: '6.12', suites: [{ archive: 'main', name: 'bookworm-backports' }], toolchain: 'host' },
  {
    prefix: '7',
    suites: [
      { archive: 'main', name: 'trixie-backports', base: 'trixie' },
      { archive: 'main', name: 'sid' },
    ],
    toolchain: 'suite',
  },
];

/** The lines that are supported, oldest first. */
export const supportedLines: readonly string[] = kernelLines.map(({ prefix }) => prefix);

/** The line that is booted unless another is asked for. */
export const defaultKernel = '6.1';

/** Whether `version` is `prefix` or continues it at a `.`, `-` or `+`: 6.1 covers 6.1.0-56 but not 6.12. */
export function isWithin(version: string, prefix: string): boolean {
  return (
    version.startsWith(prefix) &&
    (version.length === prefix.length || '.-+'.includes(version.charAt(prefix.length)))
  );
}

/**
 * The line that `request` (a line, or a longer version within one) belongs to.
 * @throws VmError (usage) that lists what is supported.
 */
export function kernelLineOf(request: string): KernelLine {
  const line = kernelLines.find(({ prefix }) => isWithin(request, prefix));
  if (line) return line;
  throw new VmError(
    `no kernel ${request}: supported are ${supportedLines.join(', ')}, and longer versions of these`,
    exitStatus.usage,
  );
}
