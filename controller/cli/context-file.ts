/** The configuration file: named controllers, and which of them is meant when none is said. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ConnectionOptions } from './connection';
import { CommandError } from './exit-code';

const CONTEXT = z.strictObject({
  socket: z.string().optional(),
  endpoint: z.string().optional(),
  tlsCa: z.string().optional(),
  tlsCert: z.string().optional(),
  tlsKey: z.string().optional(),
  tokenFile: z.string().optional(),
  tlsServerName: z.string().optional(),
});

const FILE = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(z.string(), CONTEXT).default({}),
});

const PATHS = ['socket', 'tlsCa', 'tlsCert', 'tlsKey', 'tokenFile'] as const;

/** `$NSGATE_CONFIG`, or nsgate/config.yaml in `$XDG_CONFIG_HOME` or ~/.config. */
export function configPath(): string {
  const { NSGATE_CONFIG, XDG_CONFIG_HOME } = process.env;
  return NSGATE_CONFIG ?? join(XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'nsgate/config.yaml');
}

/** The context of that name, or the current one; nothing when neither is said. Paths are taken from the file's folder. */
export function readContext(name: string | undefined, path = configPath()): ConnectionOptions {
  if (!existsSync(path)) {
    if (name === undefined) return {};
    throw new CommandError('usage', `there is no context ${name}: ${path} does not exist`);
  }
  const file = readConfigFile(path);
  const wanted = name ?? file.current;
  if (wanted === undefined) return {};
  const context = file.contexts[wanted];
  if (context === undefined) {
    const known = Object.keys(file.contexts).join(', ') || 'none';
    throw new CommandError('usage', `${path} has no context ${wanted}; it has ${known}`);
  }
  const folder = dirname(path);
  const paths = PATHS.flatMap((key) =>
    context[key] === undefined ? [] : [[key, resolve(folder, context[key])]],
  );
  return { ...context, ...(Object.fromEntries(paths) as ConnectionOptions) };
}

function readConfigFile(path: string): z.infer<typeof FILE> {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandError('usage', `${path}: ${(error as Error).message}`);
  }
  const parsed = FILE.safeParse(content ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CommandError('usage', `${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`);
}
