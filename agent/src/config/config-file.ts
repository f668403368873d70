/** The file of settings: YAML, its keys those of the flags without their dashes. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ConfigFault } from './config';

export const DEFAULT_CONFIG_FILE = '/etc/nsgate/agent.yaml';

/** A setting as the command line would have it. */
export type FileSettings = Readonly<Record<string, string | string[]>>;

/**
 * Settings by key. Only the default file may be missing. Throws ConfigFault for what cannot be read, is no YAML, or has a key that
 * is not among `keys`: one that is misspelled must not be passed over.
 */
export function readConfigFile(path: string | undefined, keys: ReadonlySet<string>): FileSettings {
  const file = path ?? DEFAULT_CONFIG_FILE;
  const text = readText(file, path === undefined);
  const content = text === undefined ? {} : parseYaml(file, text);
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new ConfigFault(`${file}: is no list of settings`);
  const entries = Object.entries(content as Record<string, unknown>).map(([key, value]) => {
    if (!keys.has(key)) throw new ConfigFault(`${file}: there is no setting ${key}`);
    return [key, settingOf(value, `${file}: ${key}`)] as const;
  });
  return Object.fromEntries(entries);
}

function readText(file: string, mayBeMissing: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (mayBeMissing && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigFault(`--config: ${(error as Error).message}`);
  }
}

function parseYaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigFault(`${file}: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** A map, as of labels, becomes a list of key=value. */
function settingOf(value: unknown, where: string): string | string[] {
  if (Array.isArray(value)) return value.map((one) => scalarOf(one, where));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([key, one]) => `${key}=${scalarOf(one, where)}`);
  }
  return scalarOf(value, where);
}

function scalarOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ConfigFault(`${where}: is neither text, a number, nor a list of them`);
}
