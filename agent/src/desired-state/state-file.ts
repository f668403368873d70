/**
 * The last desired state on disk: one file of two lines, both JSON. The first names format, version and the SHA-256 of the
 * second; the second holds the policies as the messages that brought them. Replaced as a whole, or not at all.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { demandRoom, writeDurably } from './durable-file';

const FORMAT = 'nsgate-agent-state';
const VERSION = 1;
const FILE_NAME = 'desired-state.json';

/** A file with nothing in it takes no room even where there is none. */
const LITTLE = 4096;

export interface StoredState {
  /** Whether this was all that the controller wanted at some time; false while a first sync is under way. */
  complete: boolean;
  policies: StoredPolicy[];
}

export interface StoredPolicy {
  name: string;
  message: Uint8Array;
}

export type LoadedState =
  | { kind: 'none' }
  | { kind: 'loaded'; state: StoredState }
  /** There is a file, and it is cut short, altered, or of a newer agent. */
  | { kind: 'unusable'; reason: string };

const Head = v.object({
  format: v.literal(FORMAT),
  version: v.pipe(v.number(), v.integer()),
  sha256: v.string(),
});
const Body = v.object({
  complete: v.boolean(),
  policies: v.array(v.object({ name: v.string(), message: v.pipe(v.string(), v.base64()) })),
});

export class StateFile {
  readonly path: string;

  constructor(private readonly folder: string) {
    this.path = join(folder, FILE_NAME);
  }

  /** Throws when the file is there and cannot be read at all. */
  load(): LoadedState {
    try {
      return parse(readFileSync(this.path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'none' };
      throw error;
    }
  }

  /** Resolves once the state would survive a power cut. Calls must not overlap. */
  async save(state: StoredState): Promise<void> {
    await writeDurably(this.path, encode(state));
  }

  /** Throws unless so many bytes can be saved here. */
  async demandWritable(bytes = LITTLE): Promise<void> {
    await demandRoom(this.folder, Math.max(bytes, LITTLE));
  }
}

function parse(text: string): LoadedState {
  const end = text.indexOf('\n');
  const head = v.safeParse(Head, parseJson(text.slice(0, Math.max(end, 0))));
  if (!head.success) return { kind: 'unusable', reason: 'it does not begin with a header of this format' };
  if (head.output.version !== VERSION) {
    const reason = `it is of version ${head.output.version}, this agent reads ${VERSION}`;
    return { kind: 'unusable', reason };
  }
  const body = text.slice(end + 1, -1);
  if (sha256(body) !== head.output.sha256) return { kind: 'unusable', reason: 'its checksum does not fit' };
  const content = v.safeParse(Body, parseJson(body));
  if (!content.success) return { kind: 'unusable', reason: v.summarize(content.issues) };
  const policies = content.output.policies.map(({ name, message }) => ({
    name,
    message: Buffer.from(message, 'base64'),
  }));
  return { kind: 'loaded', state: { complete: content.output.complete, policies } };
}

function encode({ complete, policies }: StoredState): string {
  const body = JSON.stringify({
    complete,
    policies: policies.map(({ name, message }) => ({
      name,
      message: Buffer.from(message).toString('base64'),
    })),
  });
  return `${JSON.stringify({ format: FORMAT, version: VERSION, sha256: sha256(body) })}\n${body}\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
