/** What the agent is told: flags before NSGATE_… in the environment before a file before defaults; checked whole. */
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

const Config = v.object({
  controller: v.pipe(v.array(Address), v.minLength(1, 'name at least one controller, as HOST:PORT')),
  tlsCa: v.string(),
  tlsCert: v.string(),
  tlsKey: v.string(),
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

export type Config = v.InferOutput<typeof Config>;

/** Throws ConfigFault that names the setting. */
export function checkConfig(settings: unknown): Config {
  const config = v.safeParse(Config, settings, { abortEarly: true });
  if (config.success) return config.output;
  const [issue] = config.issues;
  const flag = String(issue.path?.[0].key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new ConfigFault(`--${flag}: ${issue.message}`);
}

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[2] ?? 0);
  return port >= 1 && port <= 65535;
}
