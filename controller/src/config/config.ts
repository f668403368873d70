/** What the controller is told: flags over environment over a file over defaults. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { causeOf, StartupError } from '../startup-error';

export interface Config {
  readonly dataDir: string;
  readonly socket: string;
  /** Undefined: no TCP. */
  readonly tcp: { readonly address: string; readonly tls: TlsPaths } | undefined;
  /** Undefined: no web page. */
  readonly web: WebConfig | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

export interface WebConfig {
  readonly address: string;
  readonly tls: TlsPaths;
  /** Undefined: certificates of operators only. */
  readonly tokenFile: string | undefined;
}

/** Paths of PEM files. */
export interface TlsPaths {
  /** Of the CA that the peer's certificate must come from. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Nothing is wrong, and there is nothing to start: help or the version was shown. */
export class NothingToStart extends Error {}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
const DEFAULT_LISTEN = '127.0.0.1:7443';
const ADDRESS = /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):([0-9]{1,5})$/;

const path = z
  .string()
  .min(1, 'is empty')
  .transform((text) => resolve(text));
const address = z
  .string()
  .refine(
    (text) => Number(ADDRESS.exec(text)?.[1] ?? NaN) <= 65535,
    'is not HOST:PORT, such as 127.0.0.1:7443 or [::1]:7443',
  );

const SETTINGS = z.strictObject({
  dataDir: path.default('/var/lib/nsgate/controller'),
  socket: path.default('/run/nsgate/controller.sock'),
  listen: address.optional(),
  tlsCa: path.optional(),
  tlsCert: path.optional(),
  tlsKey: path.optional(),
  web: address.optional(),
  webTokenFile: path.optional(),
  logLevel: z.enum(LOG_LEVELS, `is none of ${LOG_LEVELS.join(', ')}`).default('info'),
});

type Settings = z.infer<typeof SETTINGS>;

/** Reads the command line (without node and the script); StartupError says in one line what is wrong. */
export function readConfig(args: readonly string[], version: string): Config {
  const command = commandLine(version);
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) throw new NothingToStart();
    throw new StartupError(causeOf(error).replace(/^error: /, ''), { cause: error });
  }
  const { config, ...given } = command.opts<Record<string, string | undefined>>();
  return toConfig(parseSettings({ ...(config === undefined ? {} : readFile(config)), ...given }));
}

function commandLine(version: string): Command {
  const command = new Command('nsgate-controller')
    .description('Holds filter policies for network namespaces and sends them to the agents of a fleet.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .allowExcessArguments(false);
  const options: [flags: string, description: string, env: string][] = [
    ['--config <file>', 'YAML or JSON with these settings in camelCase (dataDir: …)', 'NSGATE_CONFIG'],
    [
      '--data-dir <folder>',
      'where policies are kept (default /var/lib/nsgate/controller)',
      'NSGATE_DATA_DIR',
    ],
    [
      '--socket <path>',
      'Unix socket for local operators (default /run/nsgate/controller.sock)',
      'NSGATE_SOCKET',
    ],
    [
      '--listen <host:port>',
      `TCP with mutual TLS (default ${DEFAULT_LISTEN}, if there are certificates)`,
      'NSGATE_LISTEN',
    ],
    ['--tls-ca <file>', 'CA of the certificates of agents and operators (PEM)', 'NSGATE_TLS_CA'],
    ['--tls-cert <file>', 'certificate of this controller (PEM)', 'NSGATE_TLS_CERT'],
    ['--tls-key <file>', 'its private key (PEM)', 'NSGATE_TLS_KEY'],
    ['--web <host:port>', 'HTTPS with the read-only web page, by the same certificate', 'NSGATE_WEB'],
    [
      '--web-token-file <file>',
      'SHA-256 of each token that viewers may log in with, one a line',
      'NSGATE_WEB_TOKEN_FILE',
    ],
    ['--log-level <level>', `${LOG_LEVELS.join(', ')} (default info)`, 'NSGATE_LOG_LEVEL'],
  ];
  for (const [flags, description, env] of options) command.addOption(new Option(flags, description).env(env));
  return command;
}

function readFile(file: string): Record<string, unknown> {
  try {
    const read: unknown = parse(readFileSync(file, 'utf8'));
    return z.record(z.string(), z.unknown()).parse(read ?? {});
  } catch (error) {
    const why = error instanceof z.ZodError ? 'it is not a map of settings' : causeOf(error).split('\n')[0];
    throw new StartupError(`cannot read the configuration ${file}: ${why ?? ''}`, { cause: error });
  }
}

function parseSettings(given: Record<string, unknown>): Settings {
  const parsed = SETTINGS.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: [key], message }) =>
    key === undefined ? message : `--${kebab(String(key))} ${message}`,
  );
  throw new StartupError(problems.join('; '));
}

function toConfig({
  dataDir,
  socket,
  logLevel,
  listen,
  tlsCa,
  tlsCert,
  tlsKey,
  ...settings
}: Settings): Config {
  const common = { dataDir, socket, logLevel };
  if (tlsCa !== undefined && tlsCert !== undefined && tlsKey !== undefined) {
    const tls = { ca: tlsCa, cert: tlsCert, key: tlsKey };
    return { ...common, tcp: { address: listen ?? DEFAULT_LISTEN, tls }, web: webConfig(settings, tls) };
  }
  const asked = [listen, tlsCa, tlsCert, tlsKey].some((setting) => setting !== undefined);
  if (asked) {
    throw new StartupError(
      'TCP is served with mutual TLS only: give --tls-ca, --tls-cert and --tls-key, all three',
    );
  }
  webConfig(settings, undefined);
  return { ...common, tcp: undefined, web: undefined };
}

function webConfig(
  { web, webTokenFile: tokenFile }: Pick<Settings, 'web' | 'webTokenFile'>,
  tls: TlsPaths | undefined,
): WebConfig | undefined {
  if (web === undefined) {
    if (tokenFile !== undefined) throw new StartupError('--web-token-file means nothing without --web');
    return undefined;
  }
  if (tls === undefined) {
    throw new StartupError('the web page is served with TLS only: give --tls-ca, --tls-cert and --tls-key');
  }
  return { address: web, tls, tokenFile };
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
