/** What the agent is told: flags before NSGATE_… in the environment before a file before defaults; checked whole. */
import { LOG_LEVELS } from './options';

/** Something in the settings, or on this host, that the agent cannot run with. One line for a person. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault';
}

/** Each takes a setting as it was given, and gives it as the agent works with it. Throws a SettingFault. */
type Check<T> = (value: unknown) => T;

/** What is wrong with one setting, without its name. */
class SettingFault extends Error {}

const HOST_ID = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9_.-]{0,63}$/;
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[^\s:,[\]]+):(\d{1,5})$/;
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost):/;
const MAX_RELEASE_SECONDS = 86_400;
const MAX_LABELS = 64;

/** Every setting, by its name in the code. A library for this would take as long to load as all the rest of the agent's start. */
const CHECKS = {
  controller: atLeastOne(listOf(address), 'name at least one controller, as HOST:PORT'),
  tlsCa: text,
  tlsCert: text,
  tlsKey: text,
  tlsServerName: optional(text),
  hostId,
  label: labels,
  stateDir: text,
  netnsDir: text,
  device: text,
  allowInitialNamespace: (value: unknown): ReadonlySet<string> => new Set(listOf(text)(value)),
  quarantine: optional(onOrOff),
  quarantineReleaseAfter: releaseAfterMs,
  socket: text,
  metricsListen: optional(loopbackAddress),
  logLevel,
};

export type Config = { [Name in keyof typeof CHECKS]: ReturnType<(typeof CHECKS)[Name]> };

/** Throws ConfigFault that names the setting. */
export function checkConfig(settings: Readonly<Record<string, unknown>>): Config {
  const checked = Object.entries(CHECKS).map(([name, check]) => {
    try {
      return [name, check(settings[name])];
    } catch (error) {
      if (!(error instanceof SettingFault)) throw error;
      const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      throw new ConfigFault(`--${flag}: ${error.message}`);
    }
  });
  return Object.fromEntries(checked) as Config;
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new SettingFault(otherwise);
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new SettingFault('is one value, and neither none nor a list of them');
}

function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value) => (value === undefined ? undefined : check(value));
}

function listOf<T>(check: Check<T>): Check<T[]> {
  return (value) => (Array.isArray(value) ? value : [value]).map(check);
}

function atLeastOne<T>(check: Check<T[]>, otherwise: string): Check<T[]> {
  return (value) => {
    const list = check(value);
    demand(list.length > 0, otherwise);
    return list;
  };
}

function address(value: unknown): string {
  const given = text(value);
  const port = Number(ADDRESS.exec(given)?.[2] ?? 0);
  demand(port >= 1 && port <= 65535, `${JSON.stringify(given)} is not of the form HOST:PORT`);
  return given;
}

function loopbackAddress(value: unknown): string {
  const given = address(value);
  const otherwise = `${JSON.stringify(given)} is not on loopback: what it tells is not for the network`;
  demand(LOOPBACK.test(given), otherwise);
  return given;
}

function hostId(value: unknown): string {
  const given = text(value);
  const what = 'a host id is 1 to 63 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends';
  demand(HOST_ID.test(given), what);
  return given;
}

function labels(value: unknown): Record<string, string> {
  const list = listOf(label)(value);
  demand(list.length <= MAX_LABELS, `at most ${MAX_LABELS} labels`);
  return Object.fromEntries(list);
}

function label(value: unknown): [string, string] {
  const given = text(value);
  const at = given.indexOf('=');
  const [key, content] = [given.slice(0, at), given.slice(at + 1)];
  const isLabel = at > 0 && LABEL_KEY.test(key) && LABEL_VALUE.test(content);
  demand(isLabel, `${JSON.stringify(given)} is no label of the form key=value`);
  return [key, content];
}

function onOrOff(value: unknown): boolean {
  const given = text(value);
  demand(['on', 'off', 'true', 'false'].includes(given), 'is on or off');
  return given === 'on' || given === 'true';
}

/** Milliseconds; undefined for never. */
function releaseAfterMs(value: unknown): number | undefined {
  const given = text(value);
  if (given === 'never') return undefined;
  const isSeconds = /^\d+(\.\d+)?$/.test(given) && Number(given) <= MAX_RELEASE_SECONDS;
  demand(isSeconds, `${JSON.stringify(given)} is neither a number of seconds up to a day nor \`never\``);
  return Number(given) * 1000;
}

function logLevel(value: unknown): (typeof LOG_LEVELS)[number] {
  const level = LOG_LEVELS.find((one) => one === value);
  if (level === undefined) throw new SettingFault(`is one of ${LOG_LEVELS.join(', ')}`);
  return level;
}
