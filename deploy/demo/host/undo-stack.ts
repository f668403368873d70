/** Remembers how to undo each thing that was done, and undoes them in reverse order. */

interface Undo {
  what: string;
  undo: () => Promise<unknown>;
}

export class UndoStack {
  readonly #undos: Undo[] = [];

  /** Does `action`, and remembers how to undo it once it is done. */
  async did(what: string, action: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<void> {
    await action();
    this.#undos.push({ what, undo });
  }

  /** Undoes everything, going on when one fails; gives what could not be undone. */
  async unwind(): Promise<string[]> {
    const failures: string[] = [];
    for (let entry = this.#undos.pop(); entry !== undefined; entry = this.#undos.pop()) {
      const { what, undo } = entry;
      await undo().catch((error: unknown) => failures.push(`${what}: ${(error as Error).message}`));
    }
    return failures;
  }
}
