/** Single keys of a person at the terminal. */
import { stdin } from 'node:process';

const INTERRUPT = '\u0003';

export class KeyPresses {
  /** Undefined when standard input is no terminal. */
  static open(): KeyPresses | undefined {
    return stdin.isTTY ? new KeyPresses() : undefined;
  }

  private constructor() {
    stdin.setRawMode(true).setEncoding('utf8').resume();
    stdin.on('data', this.#interrupt);
  }

  /** Gives what ends it. */
  listen(listener: (key: string) => void): () => void {
    const each = (text: string): void => text.split('').forEach(listener);
    stdin.on('data', each);
    return () => stdin.off('data', each);
  }

  close(): void {
    stdin.off('data', this.#interrupt);
    stdin.setRawMode(false).pause();
  }

  /** A terminal that gives single keys does not interrupt by itself. */
  readonly #interrupt = (text: string): void => {
    if (!text.includes(INTERRUPT)) return;
    this.close();
    process.kill(process.pid, 'SIGINT');
  };
}
