// The runner's command line: `npm run vm -- [options] -- COMMAND [argument…]`.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

import type { AcceleratorRequest } from './accelerator';
import type { BootOptions } from './boot';
import { defaultKernel } from './kernel-line';
import { exitStatus, VmError } from './vm-error';

/** What the command line asks for. */
export interface RunRequest {
  readonly boot: BootOptions;
  /** Seconds after which the machine is killed, 0 for never. */
  readonly timeoutSeconds: number;
}

interface ParsedOptions {
  readonly kernel: string;
  readonly cpus: number;
  readonly memory: number;
  readonly icount: boolean;
  readonly net: boolean;
  readonly accel: AcceleratorRequest;
  readonly timeout: number;
  readonly env: Readonly<Record<string, string>>;
  readonly verbose: boolean;
}

const epilogue = `
Exit status: that of COMMAND; or, with a line that starts with "vm:" on stderr,
  ${exitStatus.usage} for a wrong command line, ${exitStatus.environment} if the machine lacks something or the guest did not start,
  ${exitStatus.kernelTrouble} if the guest's kernel panicked, oopsed, warned or stalled,
  ${exitStatus.timeout} after a timeout, 130 and 143 after SIGINT and SIGTERM.

Examples:
  npm run vm -- uname -a
  npm run vm -- --cpus 2 --kernel 6.1 -- sh -c 'modprobe veth && ip link add a type veth && ip -br link'`;

function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`must be a whole number from ${minimum} to ${maximum}`);
  };
}

function collectVariable(text: string, previous: Readonly<Record<string, string>>): Record<string, string> {
  const separator = text.indexOf('=');
  const name = text.slice(0, Math.max(separator, 0));
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new InvalidArgumentError('must be NAME=VALUE');
  return { ...previous, [name]: text.slice(separator + 1) };
}

function parser(): Command {
  return new Command('vm')
    .usage('[options] -- COMMAND [argument...]')
    .description(
      'Boots a stock Debian kernel under qemu and runs COMMAND in it as root, on the files of this machine.',
    )
    .option('--kernel <version>', 'kernel line (5.10, 6.1, 6.12, 7) or longer version', defaultKernel)
    .option('--cpus <n>', 'processors', wholeNumber(1, 64), 1)
    .option('--memory <mb>', 'memory in megabytes', wholeNumber(256, 1_048_576), 1024)
    .option('--icount', 'guest time counts instructions: 1 ns each (one processor, no KVM)', false)
    .option('--net', 'network card; the loopback of this machine is 10.0.2.2', false)
    .addOption(new Option('--accel <how>', 'accelerator').choices(['auto', 'kvm', 'tcg']).default('auto'))
    .option(
      '--timeout <seconds>',
      'kill the machine after so long, 0 for never',
      wholeNumber(0, 1_000_000),
      1800,
    )
    .option('--env <name=value>', 'environment variable for COMMAND, repeatable', collectVariable, {})
    .option('--verbose', "show the kernel's console on stderr as it comes", false)
    .argument('<command...>', 'program and arguments, passed on exactly')
    .enablePositionalOptions()
    .passThroughOptions()
    .addHelpText('after', epilogue)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
}

function check(options: ParsedOptions): void {
  if (!options.icount) return;
  if (options.cpus > 1)
    throw new VmError('--icount works with one processor only: drop --cpus', exitStatus.usage);
  if (options.accel === 'kvm') throw new VmError('--icount excludes KVM: drop --accel kvm', exitStatus.usage);
}

/**
 * Reads the runner's arguments (those after the script's name); undefined if they asked for help, which is then printed.
 * @throws VmError (usage) on wrong ones.
 */
export function parseCommandLine(
  programArguments: readonly string[],
  workingDirectory: string,
): RunRequest | undefined {
  const command = parser();
  try {
    command.parse(programArguments, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new VmError(`${error.message.replace(/^error: /, '')}; see npm run vm -- --help`, exitStatus.usage);
  }
  const options = command.opts<ParsedOptions>();
  check(options);
  return {
    boot: {
      command: command.args,
      kernel: options.kernel,
      cpus: options.cpus,
      memoryMegabytes: options.memory,
      countInstructions: options.icount,
      accelerator: options.accel,
      ...(options.net && { network: { forwards: [] } }),
      workingDirectory,
      environment: options.env,
      verboseKernel: options.verbose,
    },
    timeoutSeconds: options.timeout,
  };
}
