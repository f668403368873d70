/** What the agent is told: flags before NSGATE_… in the environment before a file before defaults; checked whole. */
import { z } from 'zod';
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

const LoopbackAddress = Address.refine((text) => LOOPBACK.test(text), {
  error: ({ input }) => `${JSON.stringify(input)} is not on loopback: what it tells is not for the network`,
});

const OnOff = z
  .enum(['on', 'off', 'true', 'false'], 'is on or off')
  .transform((text) => text === 'on' || text === 'true');

/** Milliseconds; undefined for never. */
const ReleaseAfter = z.string().transform((text, context): number | undefined => {
  if (text === 'never') return undefined;
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= MAX_RELEASE_SECONDS) return seconds * 1000;
  const message = `${JSON.stringify(text)} is neither a number of seconds up to a day nor \`never\``;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

export const Config = z.object({
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
  quarantine: OnOff.optional(),
  quarantineReleaseAfter: ReleaseAfter,
  socket: z.string(),
  metricsListen: LoopbackAddress.optional(),
  logLevel: z.enum(LOG_LEVELS),
});

export type Config = z.infer<typeof Config>;

/** Throws ConfigFault that names the setting. */
export function checkConfig(settings: unknown): Config {
  const config = Config.safeParse(settings);
  if (config.success) return config.data;
  const [issue] = config.error.issues;
  const flag = String(issue?.path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new ConfigFault(`--${flag}: ${issue?.message}`);
}

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[2] ?? 0);
  return port >= 1 && port <= 65535;
}
