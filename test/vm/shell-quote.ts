// Quoting for POSIX shells, used where a value becomes part of a script that the guest reads.

/** Quotes `text` so that a POSIX shell reads exactly these characters back (sh(1), section 2.2.2, Single-Quotes). */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
