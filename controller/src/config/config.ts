/** What the controller is told: flags over environment over a file over defaults. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import type { AuthoritySource } from '../enrolment/live-authority';
import { withoutSecrets } from '../identity/without-secrets';
import { CALL_LIMITS, type CallLimits } from '../rpc/call-meter';
import { CONNECTION_LIMITS, type ConnectionLimits } from '../rpc/connection-gate';
import { causeOf, StartupError } from '../startup-error';

export interface Config {
  readonly dataDir: string;
  readonly socket: string;
  /** Undefined: no TCP. */
  readonly tcp: { readonly address: string; readonly authority: AuthoritySource } | undefined;
  /** Of certificates that are given to hosts. */
  readonly certificateLifetimeMs: number;
  readonly trustDomain: string;
  /** Undefined: operators' certificates are administrators'. */
  readonly accessFile: string | undefined;
  readonly audit: { readonly path: string; readonly maxBytes: number; readonly keep: number };
  readonly limits: { readonly connections: ConnectionLimits; readonly calls: CallLimits };
  /** Undefined: no web page. */
  readonly web: WebConfig | undefined;
  /** Undefined: no metrics. */
  readonly metrics: MetricsConfig | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** It is served by the certificate of TCP. */
export interface WebConfig {
  readonly address: string;
}

export interface MetricsConfig {
  readonly address: string;
  /** How many of each may have series of their own. */
  readonly maxHosts: number;
  readonly maxPolicies: number;
  readonly maxRules: number;
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
/** A bare port is one on loopback. */
const metricsAddress = z
  .string()
  .transform((text) => (/^\d+$/.test(text) ? `127.0.0.1:${text}` : text))
  .pipe(address);

const DURATION = /^(\d{1,9})([smhd])$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SERVER_NAME = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|[0-9a-fA-F:.]+)$/;

const lifetime = z.string().transform((text, context): number => {
  const [, amount = '', unit = ''] = DURATION.exec(text) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit] ?? NaN);
  if (ms >= 10_000 && ms <= 3650 * 86_400_000) return ms;
  context.addIssue({ code: 'custom', message: 'is no time of 10s to 3650d, such as 30d' });
  return z.NEVER;
});
const names = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .refine((list) => list.every((name) => SERVER_NAME.test(name)), 'is no list of DNS names and addresses');

const count = (least: number, most: number): z.ZodType<number> =>
  z.coerce
    .number('is no number')
    .refine(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      `is not ${least} to ${most}`,
    );

const SETTINGS = z.strictObject({
  dataDir: path.default('/var/lib/nsgate/controller'),
  socket: path.default('/run/nsgate/controller.sock'),
  listen: address.optional(),
  tlsCa: path.optional(),
  tlsCert: path.optional(),
  tlsKey: path.optional(),
  web: address.optional(),
  metricsListen: metricsAddress.optional(),
  metricsHosts: count(0, 100_000).default(20),
  metricsPolicies: count(0, 100_000).default(1000),
  metricsRules: count(0, 1_000_000).default(10_000),
  caKey: path.optional(),
  tlsNames: names.optional(),
  certificateLifetime: lifetime.default(30 * 86_400_000),
  trustDomain: z
    .string()
    .regex(/^[a-z0-9._-]{1,255}$/, 'is no trust domain (SPIFFE-ID, 2.1)')
    .default('nsgate.local'),
  access: path.optional(),
  auditFile: path.optional(),
  auditMaxMib: count(1, 65_536).default(64),
  auditKeep: count(0, 10_000).default(16),
  maxConnections: count(1, 1_000_000).default(CONNECTION_LIMITS.total),
  maxConnectionsPerAddress: count(1, 1_000_000).default(CONNECTION_LIMITS.perAddress),
  connectionRate: count(1, 100_000).default(CONNECTION_LIMITS.ratePerAddress),
  maxCallsPerOperator: count(1, 100_000).default(CALL_LIMITS.perOperator),
  logLevel: z.enum(LOG_LEVELS, `is none of ${LOG_LEVELS.join(', ')}`).default('info'),
});

const OPTIONS: readonly (readonly [flags: string, description: string, env: string])[] = [
  ['--config <file>', 'YAML or JSON with these settings in camelCase (dataDir: …)', 'NSGATE_CONFIG'],
  ['--data-dir <folder>', 'where policies are kept (default /var/lib/nsgate/controller)', 'NSGATE_DATA_DIR'],
  [
    '--socket <path>',
    'Unix socket for local operators (default /run/nsgate/controller.sock)',
    'NSGATE_SOCKET',
  ],
  [
    '--listen <host:port>',
    `TCP with TLS (default ${DEFAULT_LISTEN}, if there are certificates)`,
    'NSGATE_LISTEN',
  ],
  ['--tls-ca <file>', 'CA of the certificates of agents and operators (PEM)', 'NSGATE_TLS_CA'],
  ['--tls-cert <file>', 'certificate of this controller (PEM)', 'NSGATE_TLS_CERT'],
  ['--tls-key <file>', 'its private key (PEM)', 'NSGATE_TLS_KEY'],
  ['--ca-key <file>', "the CA's private key (PEM), with which hosts are enrolled", 'NSGATE_CA_KEY'],
  [
    '--tls-names <names>',
    'instead of the files above: make a CA in the data folder, and serve under these DNS names and addresses',
    'NSGATE_TLS_NAMES',
  ],
  [
    '--certificate-lifetime <time>',
    'of certificates of hosts that are enrolled (default 30d)',
    'NSGATE_CERTIFICATE_LIFETIME',
  ],
  [
    '--trust-domain <name>',
    'in certificates of hosts that are enrolled (default nsgate.local)',
    'NSGATE_TRUST_DOMAIN',
  ],
  [
    '--access <file>',
    "YAML: who has which role; read again when it changes (without it, operators' certificates are administrators')",
    'NSGATE_ACCESS',
  ],
  [
    '--audit-file <file>',
    'record of changes and refusals (default audit.jsonl in the data folder)',
    'NSGATE_AUDIT_FILE',
  ],
  [
    '--audit-max-mib <n>',
    'size beyond which the record begins another file (default 64)',
    'NSGATE_AUDIT_MAX_MIB',
  ],
  [
    '--audit-keep <n>',
    'how many files of it are kept beside the one that grows (default 16)',
    'NSGATE_AUDIT_KEEP',
  ],
  ['--max-connections <n>', 'open at a time (default 32768)', 'NSGATE_MAX_CONNECTIONS'],
  [
    '--max-connections-per-address <n>',
    'of one address, or one /64 of IPv6 (default 4096)',
    'NSGATE_MAX_CONNECTIONS_PER_ADDRESS',
  ],
  [
    '--connection-rate <n>',
    'new ones a second of one address, ten times as many at once (default 50)',
    'NSGATE_CONNECTION_RATE',
  ],
  [
    '--max-calls-per-operator <n>',
    'calls and streams of one operator that are open at a time (default 128)',
    'NSGATE_MAX_CALLS_PER_OPERATOR',
  ],
  ['--web <host:port>', 'HTTPS with the read-only web page, by the certificate of TCP', 'NSGATE_WEB'],
  [
    '--metrics-listen <host:port>',
    'HTTP with /metrics, for Prometheus, without TLS; a port alone: on loopback (default none)',
    'NSGATE_METRICS_LISTEN',
  ],
  [
    '--metrics-hosts <n>',
    'hosts that have series of their own: those that stop most, or are silent longest (default 20)',
    'NSGATE_METRICS_HOSTS',
  ],
  [
    '--metrics-policies <n>',
    'policies that have series of their own: those that fail or pend most (default 1000)',
    'NSGATE_METRICS_POLICIES',
  ],
  [
    '--metrics-rules <n>',
    'rules that have series of their own: those that match most (default 10000)',
    'NSGATE_METRICS_RULES',
  ],
  ['--log-level <level>', `${LOG_LEVELS.join(', ')} (default info)`, 'NSGATE_LOG_LEVEL'],
];

type Settings = z.infer<typeof SETTINGS>;

/** Reads the command line (without node and the script); StartupError says in one line what is wrong. */
export function readConfig(args: readonly string[], version: string): Config {
  const command = commandLine(version);
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) throw new NothingToStart();
    throw new StartupError(withoutSecrets(causeOf(error).replace(/^error: /, '')), { cause: error });
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
  for (const [flags, description, env] of OPTIONS) command.addOption(new Option(flags, description).env(env));
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

function toConfig(settings: Settings): Config {
  const { dataDir, socket, logLevel, access, auditFile, auditMaxMib, auditKeep } = settings;
  const tcp = tcpOf(settings);
  return {
    ...{ dataDir, socket, logLevel, accessFile: access, trustDomain: settings.trustDomain },
    audit: {
      path: auditFile ?? join(dataDir, 'audit.jsonl'),
      maxBytes: auditMaxMib * 2 ** 20,
      keep: auditKeep,
    },
    limits: limitsOf(settings),
    certificateLifetimeMs: settings.certificateLifetime,
    tcp,
    web: webConfig(settings, tcp),
    metrics: metricsConfig(settings),
  };
}

function limitsOf(settings: Settings): Config['limits'] {
  const { maxConnections, maxConnectionsPerAddress, connectionRate, maxCallsPerOperator } = settings;
  return {
    connections: {
      ...CONNECTION_LIMITS,
      total: maxConnections,
      perAddress: maxConnectionsPerAddress,
      ratePerAddress: connectionRate,
      burstPerAddress: 10 * connectionRate,
    },
    calls: { ...CALL_LIMITS, perOperator: maxCallsPerOperator },
  };
}

function tcpOf({ listen, tlsCa: ca, tlsCert: cert, tlsKey: key, caKey, tlsNames }: Settings): Config['tcp'] {
  const address = listen ?? DEFAULT_LISTEN;
  const given = [ca, cert, key, caKey].some((setting) => setting !== undefined);
  if (tlsNames !== undefined) {
    if (given) throw new StartupError('give --tls-names, or the files of another CA, not both');
    return { address, authority: { kind: 'own', names: tlsNames } };
  }
  if (ca !== undefined && cert !== undefined && key !== undefined) {
    return { address, authority: { kind: 'site', ca, cert, key, caKey } };
  }
  if (!given && listen === undefined) return undefined;
  throw new StartupError(
    'TCP is served with TLS and certificates only: give --tls-ca, --tls-cert and --tls-key, all three, or --tls-names for a CA of its own',
  );
}

function webConfig({ web }: Settings, tcp: Config['tcp']): WebConfig | undefined {
  if (web === undefined) return undefined;
  if (tcp === undefined) {
    throw new StartupError(
      'the web page is served with TLS only: give --tls-ca, --tls-cert and --tls-key, or --tls-names',
    );
  }
  return { address: web };
}

function metricsConfig({
  metricsListen: metrics,
  metricsHosts: maxHosts,
  metricsPolicies: maxPolicies,
  metricsRules: maxRules,
}: Settings): MetricsConfig | undefined {
  return metrics === undefined ? undefined : { address: metrics, maxHosts, maxPolicies, maxRules };
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
