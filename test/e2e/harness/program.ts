/** A program of ours as a child process, its log kept for when something goes wrong. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');

export class Program {
  /** All that it has written to standard output and standard error. */
  log = '';
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /** Starts `node <entry> <argv…>`; `entry` is relative to the checkout. */
  constructor(entry: string, ...argv: string[]) {
    this.#child = spawn(process.execPath, [resolve(ROOT, entry), ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    }
  }

  /** Throws, with the log, if it has ended. */
  assertRuns(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) {
      throw new Error(`it ended (${signalCode ?? `status ${exitCode ?? '?'}`}):\n${this.log}`);
    }
  }

  /** Sends a signal and waits for the end; gives the exit status, null after a signal's death. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    await this.#exited;
    return this.#child.exitCode;
  }

  /** Waits for it to end by itself. */
  async exit(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }
}
