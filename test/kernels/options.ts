// The command line of the kernel tests.
import { Command, InvalidArgumentError } from 'commander';

import { kernelLineOf, supportedLines } from '../vm/kernel-line';
import { VmError } from '../vm/vm-error';

function kernel(text: string, previous: readonly string[] = []): string[] {
  try {
    kernelLineOf(text);
  } catch (error) {
    if (error instanceof VmError) throw new InvalidArgumentError(error.message);
    throw error;
  }
  return [...previous, text];
}

/**
 * Reads the arguments after the script's name; on wrong ones it says so and ends the process with status 1.
 * @returns the kernels to test on, all supported lines unless some are named
 */
export function parseOptions(programArguments: readonly string[]): readonly string[] {
  const options = new Command('test:kernels')
    .description(
      "Builds the kernel module for Debian's kernels and runs its tests on each, in a machine of its own.",
    )
    .option('--kernel <line>', `one of ${supportedLines.join(', ')}, or a longer version; repeatable`, kernel)
    .parse(programArguments, { from: 'user' })
    .opts<{ kernel?: string[] }>();
  return options.kernel ?? supportedLines;
}
