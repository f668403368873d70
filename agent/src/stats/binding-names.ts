/**
 * Names of namespaces by birth, also of those that are gone: the kernel tells the last counts of a binding after it has ended, and maybe
 * to an agent that was started since. Kept in a file for that; births mean nothing after a boot, so it need not outlive one.
 */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import * as v from 'valibot';

export interface BindingNamesOptions {
  readonly folder: string;
  readonly bootId: string;
  readonly log: Logger;
  /** How many names are kept of namespaces that are gone; 4096 when left out. */
  readonly limit?: number;
}

const FILE_NAME = 'binding-names.json';
const LIMIT = 4096;
/** Many namespaces that come at once are one write. */
const SAVE_AFTER_MS = 100;

const Content = v.object({
  boot: v.string(),
  names: v.array(v.tuple([v.pipe(v.string(), v.regex(/^\d{1,20}$/)), v.string()])),
});

export class BindingNames {
  readonly #path: string;
  /** Those that are longest gone come first. */
  readonly #names = new Map<bigint, string>();
  #timer: NodeJS.Timeout | undefined;
  #isSaving = false;

  constructor(private readonly options: BindingNamesOptions) {
    this.#path = join(options.folder, FILE_NAME);
  }

  /** What an agent before this one knew. A file that cannot be used is as good as none. */
  load(): void {
    try {
      const { boot, names } = v.parse(Content, JSON.parse(readFileSync(this.#path, 'utf8')));
      if (boot !== this.options.bootId) return;
      for (const [birth, name] of names) this.#names.set(BigInt(birth), name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.options.log.warn(
        { err: error, file: this.#path },
        'names of bindings that have ended are not known',
      );
    }
  }

  /** These are the names now. */
  note(current: ReadonlyMap<bigint, string>): void {
    let isNew = false;
    for (const [birth, name] of current) {
      isNew ||= this.#names.get(birth) !== name;
      this.#names.delete(birth);
      this.#names.set(birth, name);
    }
    const surplus = this.#names.size - current.size - (this.options.limit ?? LIMIT);
    if (surplus > 0) for (const birth of [...this.#names.keys()].slice(0, surplus)) this.#names.delete(birth);
    if (isNew) this.#saveSoon();
  }

  find(birth: bigint): string | undefined {
    return this.#names.get(birth);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #saveSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#isSaving) this.#saveSoon();
      else void this.#save();
    }, SAVE_AFTER_MS).unref();
  }

  async #save(): Promise<void> {
    this.#isSaving = true;
    const names = [...this.#names].map(([birth, name]) => [String(birth), name]);
    try {
      await writeFile(`${this.#path}.tmp`, JSON.stringify({ boot: this.options.bootId, names }), {
        mode: 0o600,
      });
      await rename(`${this.#path}.tmp`, this.#path);
    } catch (error) {
      this.options.log.warn({ err: error, file: this.#path }, 'names of bindings cannot be kept');
    }
    this.#isSaving = false;
  }
}
