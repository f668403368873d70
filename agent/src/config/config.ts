/** What the agent is told at its start: flags, or NSGATE_… in the environment; checked whole before anything runs. */
import { hostname } from 'node:os';
import { Command, CommanderError, Option } from 'commander';
import { z } from 'zod';

/** Something in the flags or the environment, or on this host, that the agent cannot run with. One line for a person. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault';
}

const HOST_ID = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9_.-]{0,63}$/;
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[^\s:,[\]]+):(\d{1,5})$/;

const Label = z.string().transform((text, context): [string, string] => {
  const at = text.indexOf('=');
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && LABEL_KEY.test(key) && LABEL_VALUE.test(value)) return [key, value];
  context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is no label of the form key=value` });
  return z.NEVER;
});

const Address = z.string().refine(isAddress, {
  error: ({ input }) => `${JSON.stringify(input)} is not of the form HOST:PORT`,
});

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const Config = z.object({
  controller: z.array(Address).min(1, 'name at least one controller, as HOST:PORT'),
  tlsCa: z.string(),
  tlsCert: z.string(),
  tlsKey: z.string(),
  tlsServerName: z.string().optional(),
  hostId: z
    .string()
    .regex(HOST_ID, 'a host id is 1 to 63 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends'),
  label: z
    .array(Label)
    .max(64, 'at most 64 labels')
    .transform((labels) => Object.fromEntries(labels)),
  stateDir: z.string(),
  netnsDir: z.string(),
  device: z.string(),
  allowInitialNamespace: z.array(z.string()).transform((names) => new Set(names)),
  logLevel: z.enum(LEVELS),
});

export type Config = z.infer<typeof Config>;

/**
 * Reads the command line (without the program's name) and the environment. Undefined when it only asked for help or the
 * version, which is then printed. Throws ConfigFault.
 */
export function readConfig(args: readonly string[], version: string): Config | undefined {
  const flags = parseFlags(args, version);
  if (flags === undefined) return undefined;
  const config = Config.safeParse(flags);
  if (config.success) return config.data;
  const [issue] = config.error.issues;
  const flag = String(issue?.path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new ConfigFault(`--${flag}: ${issue?.message}`);
}

function parseFlags(args: readonly string[], version: string): unknown {
  let flags: unknown;
  const run = runCommand().action((options: unknown) => {
    flags = options;
  });
  const program = new Command('nsgate-agent')
    .description('Enforces the policies of an nsgate controller in the network namespaces of this host.')
    .version(version)
    .addCommand(run)
    .exitOverride()
    .configureOutput({ outputError: () => undefined, writeErr: () => undefined });
  run.copyInheritedSettings(program);
  try {
    program.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new ConfigFault(faultOf(error));
  }
  return flags;
}

function faultOf(error: CommanderError): string {
  if (error.code === 'commander.help') return 'name a command: nsgate-agent run (see --help)';
  return error.message.replace(/^error: /, '').replace(/\n/g, ' ');
}

function runCommand(): Command {
  const run = new Command('run').description('Run until SIGINT or SIGTERM; what is enforced then stays.');
  for (const { flags, variable, about, fallback } of OPTIONS) {
    const option = new Option(flags, about).env(variable);
    if (Array.isArray(fallback)) option.argParser(collect);
    if (fallback !== undefined) option.default(fallback);
    run.addOption(option);
  }
  return run;
}

/** A list may be given as one value with commas, as several, or both. */
function collect(value: string, before: string[]): string[] {
  return [...before, ...value.split(',').filter((part) => part !== '')];
}

interface OptionText {
  flags: string;
  variable: string;
  about: string;
  fallback?: string | string[];
}

const OPTIONS: readonly OptionText[] = [
  {
    flags: '--controller <host:port>',
    variable: 'NSGATE_CONTROLLER',
    about: 'controller to connect to; several, with commas or repeated, are taken in turn',
    fallback: [],
  },
  {
    flags: '--tls-ca <file>',
    variable: 'NSGATE_TLS_CA',
    about: 'CA that the controller must be certified by, PEM',
    fallback: '/etc/nsgate/tls/ca.pem',
  },
  {
    flags: '--tls-cert <file>',
    variable: 'NSGATE_TLS_CERT',
    about: "this host's certificate, PEM",
    fallback: '/etc/nsgate/tls/cert.pem',
  },
  {
    flags: '--tls-key <file>',
    variable: 'NSGATE_TLS_KEY',
    about: 'its private key, PEM',
    fallback: '/etc/nsgate/tls/key.pem',
  },
  {
    flags: '--tls-server-name <name>',
    variable: 'NSGATE_TLS_SERVER_NAME',
    about: "name in the controller's certificate, if it is not the one in --controller",
  },
  {
    flags: '--host-id <id>',
    variable: 'NSGATE_HOST_ID',
    about: 'as the certificate names this host',
    fallback: hostname().toLowerCase(),
  },
  {
    flags: '--label <key=value>',
    variable: 'NSGATE_LABELS',
    about: 'label of this host, for the host selectors of policies; repeatable',
    fallback: [],
  },
  {
    flags: '--state-dir <folder>',
    variable: 'NSGATE_STATE_DIR',
    about: 'where the last desired state is kept; made if it is missing',
    fallback: '/var/lib/nsgate',
  },
  {
    flags: '--netns-dir <folder>',
    variable: 'NSGATE_NETNS_DIR',
    about: 'where namespaces have their names (ip-netns(8))',
    fallback: '/run/netns',
  },
  {
    flags: '--device <file>',
    variable: 'NSGATE_DEVICE',
    about: "the kernel module's device",
    fallback: '/dev/nsgate',
  },
  {
    flags: '--allow-initial-namespace <name>',
    variable: 'NSGATE_ALLOW_INITIAL_NAMESPACE',
    about: "name under which the host's own namespace may be bound; without it, it never is; repeatable",
    fallback: [],
  },
  {
    flags: '--log-level <level>',
    variable: 'NSGATE_LOG_LEVEL',
    about: `one of ${LEVELS.join(', ')}`,
    fallback: 'info',
  },
];

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[2] ?? 0);
  return port >= 1 && port <= 65535;
}
