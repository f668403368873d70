/** The command line: what is to be done, and with which settings. */
import { Command, CommanderError, Option } from 'commander';
import { withoutTokens } from '../identity/enrolment-token';
import { checkConfig, ConfigFault, demandController, type Config } from './config';
import { DEFAULT_CONFIG_FILE, readConfigFile, type FileSettings } from './config-file';
import { OPTIONS } from './options';

export type CommandLine =
  | { command: 'run' | 'check' | 'status'; config: Config }
  | { command: 'flush'; config: Config; isSure: boolean }
  /** `packet`: protocol, source and destination as they were typed, and what else was said of it. */
  | { command: 'explain'; config: Config; packet: TypedPacket };

export interface TypedPacket {
  namespace: string;
  hook: string;
  protocol: string;
  source: string;
  destination: string;
  state?: string;
  mark?: string;
  in?: string;
  out?: string;
  icmpType?: string;
  icmpCode?: string;
  tcpFlags?: string;
}

/**
 * Reads the command line (without the program's name), the environment and the file of settings. Undefined when it only asked for
 * help or the version, which is then printed. Throws ConfigFault.
 */
export function readCommandLine(args: readonly string[], version: string): CommandLine | undefined {
  let read: CommandLine | undefined;
  const program = new Command('nsgate-agent')
    .description('Enforces the policies of an nsgate controller in the network namespaces of this host.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined, writeErr: () => undefined });
  for (const command of commands((line) => (read = line))) {
    command.copyInheritedSettings(program);
    program.addCommand(command);
  }
  try {
    program.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new ConfigFault(faultOf(error, args));
  }
  if (read?.command === 'run') demandController(read.config);
  return read;
}

function commands(use: (line: CommandLine) => void): Command[] {
  const simple = (command: 'run' | 'check' | 'status', about: string): Command =>
    withOptions(new Command(command).description(about)).action((_options: unknown, self: Command) =>
      use({ command, config: configOf(self) }),
    );
  return [
    simple('run', 'Run until SIGINT or SIGTERM; what is enforced then stays.'),
    simple(
      'check',
      'Look whether this host has what the agent needs: a line each, and what to do where it has not.',
    ),
    simple('status', 'Show what is bound, what is held, and when the controller was last heard.'),
    explainCommand(use),
    withOptions(
      new Command('flush')
        .description('Let go of every binding on this host. Stop the agent first.')
        .option('--yes', 'yes, nothing is to be enforced any more')
        .action((options: { yes?: boolean }, self: Command) =>
          use({ command: 'flush', config: configOf(self), isSure: options.yes === true }),
        ),
    ),
  ];
}

function explainCommand(use: (line: CommandLine) => void): Command {
  const about = 'Ask the ruleset that is live in a namespace what it does with a packet.';
  const command = new Command('explain')
    .description(about)
    .argument('<namespace>', 'its name')
    .argument('<hook>', 'prerouting, input, forward, output or postrouting')
    .argument('<protocol>', 'tcp, udp, icmp, icmpv6, … or a number')
    .argument('<source>', 'ADDRESS:PORT, [ADDRESS]:PORT, or an address alone')
    .argument('<destination>', 'as the source')
    .option('--state <state>', 'new, established, related, invalid or untracked; left out: untracked')
    .option('--mark <number>', "the packet's mark")
    .option('--in <interface>', 'the interface that it came in by')
    .option('--out <interface>', 'the interface that it is to leave by')
    .option('--icmp-type <number>', 'for icmp and icmpv6; left out: that of an echo request')
    .option('--icmp-code <number>', 'for icmp and icmpv6')
    .option('--tcp-flags <flags>', 'those that are set, as in syn,ack')
    .action((...all: unknown[]) => {
      const [namespace, hook, protocol, source, destination] = all as string[];
      const self = all.at(-1) as Command;
      const words = { namespace, hook, protocol, source, destination };
      const packet = { ...self.opts<object>(), ...words } as TypedPacket;
      use({ command: 'explain', config: configOf(self), packet });
    });
  return withOptions(command);
}

function withOptions(command: Command): Command {
  command.option('--config <file>', `settings in YAML (default: ${DEFAULT_CONFIG_FILE}, if it is there)`);
  for (const { flags, variable, about, fallback } of OPTIONS) {
    const option = new Option(flags, about).env(variable);
    if (Array.isArray(fallback)) option.argParser(collect);
    if (fallback !== undefined) option.default(fallback);
    command.addOption(option);
  }
  return command;
}

/** A list may be given as one value with commas, as several, or both. */
function collect(value: string, before: string[]): string[] {
  return [...before, ...value.split(',').filter((part) => part !== '')];
}

/** Of settings that neither a flag nor the environment gives, the file's. */
function configOf(command: Command): Config {
  const options = command.opts<{ config?: string } & Record<string, unknown>>();
  const own = OPTIONS.map(({ flags }) => new Option(flags));
  const file = readConfigFile(options.config, new Set(own.map((option) => option.name())));
  const settings = own.map((option) => {
    const name = option.attributeName();
    const source = command.getOptionValueSource(name);
    const isGiven = source === 'cli' || source === 'env';
    return [name, isGiven ? options[name] : (fromFile(option, file, options[name]) ?? options[name])];
  });
  return checkConfig(Object.fromEntries(settings) as Record<string, unknown>);
}

/** One value where a list is meant is a list of one. */
function fromFile(option: Option, file: FileSettings, fallback: unknown): unknown {
  const value = file[option.name()];
  return Array.isArray(fallback) && typeof value === 'string' ? collect(value, []) : value;
}

function faultOf(error: CommanderError, [command = '']: readonly string[]): string {
  if (error.code === 'commander.help') return 'name a command: nsgate-agent run (see --help)';
  const fault = withoutTokens(error.message.replace(/^error: /, '').replace(/\n/g, ' '));
  const help = error.code === 'commander.unknownCommand' || command.startsWith('-') ? '' : `${command} `;
  return `${fault} (see nsgate-agent ${help}--help)`;
}
