/**
 * The last desired state on disk: one file of two lines, both JSON. The first names format, version and the SHA-256 of the
 * second; the second holds the policies as the messages that brought them. Replaced as a whole, or not at all.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { withFile, writeDurably } from './durable-file';
import { FieldFault, JsonFields } from './json-fields';

const FORMAT = 'nsgate-agent-state';
const VERSION = 1;
const FILE_NAME = 'desired-state.json';

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

  /** Throws unless a state can be saved here. */
  async demandWritable(): Promise<void> {
    const probe = join(this.folder, `.probe-${process.pid}`);
    await withFile(await open(probe, 'w', 0o600), () => Promise.resolve());
    await unlink(probe);
  }
}

function parse(text: string): LoadedState {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof FieldFault) return { kind: 'unusable', reason: `its content: ${error.message}` };
    throw error;
  }
}

function read(text: string): LoadedState {
  const end = text.indexOf('\n');
  const head = JsonFields.parse(text.slice(0, Math.max(end, 0)));
  if (!isOfFormat(head))
    return { kind: 'unusable', reason: 'it does not begin with a header of this format' };
  const version = head.count('version');
  if (version !== VERSION) {
    return { kind: 'unusable', reason: `it is of version ${version}, this agent reads ${VERSION}` };
  }
  const content = text.slice(end + 1, -1);
  if (sha256(content) !== head.text('sha256'))
    return { kind: 'unusable', reason: 'its checksum does not fit' };
  const body = JsonFields.parse(content);
  const policies = body.list('policies').map((stored) => ({
    name: stored.text('name'),
    message: Buffer.from(stored.text('message'), 'base64'),
  }));
  return { kind: 'loaded', state: { complete: body.flag('complete'), policies } };
}

function isOfFormat(head: JsonFields): boolean {
  try {
    return head.text('format') === FORMAT && head.count('version') >= 0 && head.text('sha256') !== '';
  } catch {
    return false;
  }
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

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
