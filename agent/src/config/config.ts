/** What the agent is told: flags before NSGATE_… in the environment before a file before defaults; checked whole. */
import { join } from 'node:path';
import * as v from 'valibot';
import { LOG_LEVELS } from './options';

/** Something in the settings, or on this host, that the agent cannot run with. One line for a person. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault';
}

const HOST_ID = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9_.-]{0,63}$/;
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[^\s:,[\]]+):(\d{1,5})$/;
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost):/;
const MAX_RELEASE_SECONDS = 86_400;

/** What to do where none is named. */
export const NO_CONTROLLER =
  'name at least one controller, as HOST:PORT: by this flag, $NSGATE_CONTROLLER, or `controller` in the file of settings';

const Label = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }): [string, string] => {
    const at = text.indexOf('=');
    const [key, value] = [text.slice(0, at), text.slice(at + 1)];
    if (at > 0 && LABEL_KEY.test(key) && LABEL_VALUE.test(value)) return [key, value];
    addIssue({ message: `${JSON.stringify(text)} is no label of the form key=value` });
    return NEVER;
  }),
);

const Address = v.pipe(
  v.string(),
  v.check(isAddress, ({ input }) => `${JSON.stringify(input)} is not of the form HOST:PORT`),
);

const LoopbackAddress = v.pipe(
  Address,
  v.regex(
    LOOPBACK,
    ({ input }) => `${JSON.stringify(input)} is not on loopback: what it tells is not for the network`,
  ),
);

const OnOff = v.pipe(
  v.picklist(['on', 'off', 'true', 'false'], 'is on or off'),
  v.transform((text) => text === 'on' || text === 'true'),
);

/** Milliseconds; undefined for never. */
const ReleaseAfter = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }): number | undefined => {
    if (text === 'never') return undefined;
    const seconds = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && seconds <= MAX_RELEASE_SECONDS) return seconds * 1000;
    addIssue({ message: `${JSON.stringify(text)} is neither a number of seconds up to a day nor \`never\`` });
    return NEVER;
  }),
);

const Nice = v.pipe(
  v.string(),
  v.regex(/^-?\d+$/, 'is a whole number from -20 to 19'),
  v.transform(Number),
  v.minValue(-20, 'is at least -20'),
  v.maxValue(19, 'is at most 19'),
);

const Settings = v.object({
  controller: v.array(Address),
  enrollTokenFile: v.optional(v.string()),
  tlsCa: v.optional(v.string()),
  tlsCert: v.optional(v.string()),
  tlsKey: v.optional(v.string()),
  tlsServerName: v.optional(v.string()),
  hostId: v.pipe(
    v.string(),
    v.regex(HOST_ID, 'a host id is 1 to 63 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends'),
  ),
  label: v.pipe(
    v.array(Label),
    v.maxLength(64, 'at most 64 labels'),
    v.transform((labels): Record<string, string> => Object.fromEntries(labels)),
  ),
  stateDir: v.string(),
  netnsDir: v.string(),
  device: v.string(),
  allowInitialNamespace: v.pipe(
    v.array(v.string()),
    v.transform((names): ReadonlySet<string> => new Set(names)),
  ),
  quarantine: v.optional(OnOff),
  quarantineReleaseAfter: ReleaseAfter,
  socket: v.string(),
  metricsListen: v.optional(LoopbackAddress),
  nice: Nice,
  logLevel: v.picklist(LOG_LEVELS, `is one of ${LOG_LEVELS.join(', ')}`),
});

type Settings = v.InferOutput<typeof Settings>;

/** Where what proves which host this is comes from. Paths. */
export type IdentitySource =
  | { readonly kind: 'enrolled'; readonly folder: string; readonly tokenFile: string }
  /** PEM files that the site puts on the host. */
  | { readonly kind: 'site'; readonly ca: string; readonly cert: string; readonly key: string };

export interface Config extends Omit<Settings, 'enrollTokenFile' | 'tlsCa' | 'tlsCert' | 'tlsKey'> {
  readonly identity: IdentitySource;
}

/** Throws ConfigFault that names the setting. */
export function checkConfig(settings: unknown): Config {
  const checked = v.safeParse(Settings, settings, { abortEarly: true });
  if (checked.success) return configOf(checked.output);
  const [issue] = checked.issues;
  const flag = String(issue.path?.[0].key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new ConfigFault(`--${flag}: ${issue.message}`);
}

/** Throws ConfigFault where no controller is named: only who looks at the host alone can do without. */
export function demandController({ controller }: Config): void {
  if (controller.length === 0) throw new ConfigFault(`--controller: ${NO_CONTROLLER}`);
}

function configOf({ enrollTokenFile, tlsCa, tlsCert, tlsKey, ...rest }: Settings): Config {
  return { ...rest, identity: identitySource({ enrollTokenFile, tlsCa, tlsCert, tlsKey, ...rest }) };
}

function identitySource({ enrollTokenFile, tlsCa, tlsCert, tlsKey, stateDir }: Settings): IdentitySource {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) {
    const tokenFile = enrollTokenFile ?? join(stateDir, 'enroll-token');
    return { kind: 'enrolled', folder: join(stateDir, 'identity'), tokenFile };
  }
  if (tlsCa === undefined || tlsCert === undefined || tlsKey === undefined) {
    throw new ConfigFault('--tls-ca, --tls-cert and --tls-key go together: give all three, or none to enrol');
  }
  if (enrollTokenFile !== undefined) {
    throw new ConfigFault('--enroll-token-file: means nothing beside --tls-cert: take one of them away');
  }
  return { kind: 'site', ca: tlsCa, cert: tlsCert, key: tlsKey };
}

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[2] ?? 0);
  return port >= 1 && port <= 65535;
}
