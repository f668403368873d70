/** Every setting of the agent: its flag, its variable of the environment, its name in the file, and what it is for. */
import { hostname } from 'node:os';

export interface OptionText {
  /** As commander takes it. Its name without the dashes is the key in the file. */
  flags: string;
  variable: string;
  about: string;
  /** A list: the setting may be given several times. */
  fallback?: string | string[];
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const OPTIONS: readonly OptionText[] = [
  {
    flags: '--controller <host:port>',
    variable: 'NSGATE_CONTROLLER',
    about: 'controller to connect to; several, with commas or repeated, are taken in turn',
    fallback: [],
  },
  {
    flags: '--enroll-token-file <file>',
    variable: 'NSGATE_ENROLL_TOKEN_FILE',
    about:
      'where the token of `nsgate host enroll` is put, once; not set: enroll-token in --state-dir; or the token itself in $NSGATE_ENROLL_TOKEN',
  },
  {
    flags: '--tls-ca <file>',
    variable: 'NSGATE_TLS_CA',
    about:
      'in place of enrolment, with --tls-cert and --tls-key: CA that the controller must be certified by, PEM',
  },
  {
    flags: '--tls-cert <file>',
    variable: 'NSGATE_TLS_CERT',
    about: "this host's certificate, PEM; renewed by the site's own tools, and read at each connection",
  },
  {
    flags: '--tls-key <file>',
    variable: 'NSGATE_TLS_KEY',
    about: 'its private key, PEM',
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
    about: 'label of this host, for the host selectors of policies; repeatable; read again at SIGHUP',
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
    flags: '--quarantine <on|off>',
    variable: 'NSGATE_QUARANTINE',
    about:
      'whether a new namespace lets nothing through until it is bound or let go; not set: as the module has it',
  },
  {
    flags: '--quarantine-release-after <seconds>',
    variable: 'NSGATE_QUARANTINE_RELEASE_AFTER',
    about: 'when a namespace in quarantine that gets no name is let go; `never`: it is kept',
    fallback: 'never',
  },
  {
    flags: '--socket <path>',
    variable: 'NSGATE_SOCKET',
    about: 'Unix socket for status, /metrics and /healthz',
    fallback: '/run/nsgate/agent.sock',
  },
  {
    flags: '--metrics-listen <host:port>',
    variable: 'NSGATE_METRICS_LISTEN',
    about: 'loopback address for /metrics and /healthz beside the socket; not set: none',
  },
  {
    flags: '--nice <number>',
    variable: 'NSGATE_NICE',
    about:
      'scheduling priority, -20 to 19 (nice(1)); below 0 what starts in a new namespace waits for the agent, not the agent for it',
    fallback: '-10',
  },
  {
    flags: '--log-level <level>',
    variable: 'NSGATE_LOG_LEVEL',
    about: `one of ${LOG_LEVELS.join(', ')}`,
    fallback: 'info',
  },
];
