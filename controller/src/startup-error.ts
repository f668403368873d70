/** Something that whoever starts the program must put right: shown as one line, without a stack. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** The message of whatever was thrown, for a sentence that says what failed and on what. */
export function causeOf(error: unknown): string {
  const message = (error as { message?: unknown } | undefined | null)?.message;
  return typeof message === 'string' ? message : String(error);
}
