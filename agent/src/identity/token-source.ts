/**
 * Where a token waits for the agent: in a file, or in the environment. It is taken once; what was used is known by its mark, so that one
 * that cannot be removed, as from a container's environment, is not tried at every start.
 */
import { readFileSync, statSync, unlinkSync } from 'node:fs';
import type { Logger } from 'pino';
import { tokenMark } from './enrolment-token';

/** A token must not stand in a process list; so there is no flag for it. */
export const TOKEN_VARIABLE = 'NSGATE_ENROLL_TOKEN';

const MAX_BYTES = 4096;
const OTHERS = 0o077;

export interface TokenSourceOptions {
  readonly file: string;
  /** The variable is taken out of it, lest programs that the agent runs inherit it. */
  readonly env: NodeJS.ProcessEnv;
  /** Mark of the token that was used last. */
  readonly used: string | undefined;
  readonly log: Logger;
}

export class TokenSource {
  /** Marks of tokens that are of no use any more. */
  readonly #spent = new Set<string>();
  readonly #fromEnv: string | undefined;
  #fault: string | undefined;

  constructor(private readonly options: TokenSourceOptions) {
    const { env, used } = options;
    const given = env[TOKEN_VARIABLE]?.trim();
    this.#fromEnv = given === '' ? undefined : given;
    Reflect.deleteProperty(env, TOKEN_VARIABLE);
    if (used !== undefined) this.#spent.add(used);
  }

  /** A token that was neither used nor refused; the file goes before the environment. */
  fresh(): string | undefined {
    return [this.#fromFile(), this.#fromEnv].find(
      (text) => text !== undefined && !this.#spent.has(tokenMark(text)),
    );
  }

  /** It is not taken again while the agent runs; the file stays, for a person to look at. */
  refuse(text: string): void {
    this.#spent.add(tokenMark(text));
  }

  /** It was used: the file goes. */
  forget(text: string): void {
    this.refuse(text);
    const { file, log } = this.options;
    if (this.#fromFile() !== text) return;
    try {
      unlinkSync(file);
    } catch (error) {
      log.warn({ err: error, file }, 'the token was used, and its file cannot be removed: remove it');
    }
  }

  #fromFile(): string | undefined {
    const { file } = this.options;
    try {
      const { mode, size } = statSync(file);
      if (size > MAX_BYTES) throw new Error(`${file} is larger than any token`);
      const text = readFileSync(file, 'utf8').trim();
      this.#note((mode & OTHERS) === 0 ? undefined : `${file} can be read by others: chmod 600 it`);
      return text === '' ? undefined : text;
    } catch (error) {
      const isThere = (error as NodeJS.ErrnoException).code !== 'ENOENT';
      this.#note(isThere ? `the token cannot be read: ${(error as Error).message}` : undefined);
      return undefined;
    }
  }

  /** Said once, not at every look. */
  #note(fault: string | undefined): void {
    if (fault !== undefined && fault !== this.#fault) this.options.log.warn(fault);
    this.#fault = fault;
  }
}
