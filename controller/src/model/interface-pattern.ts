/** Names of interfaces, and prefixes of them. */

/** IFNAMSIZ of Linux, less the NUL. */
const MAX_BYTES = 15;

/** What is wrong with a pattern (a phrase to put behind the value), or undefined when it is well formed. */
export function interfaceProblem(pattern: string): string | undefined {
  const name = pattern.endsWith('*') ? pattern.slice(0, -1) : pattern;
  if (pattern === '*') return 'matches every interface: leave the field out';
  if (pattern === '') return 'is empty: name an interface, or a prefix such as veth*';
  if (Buffer.byteLength(pattern) > MAX_BYTES) return `is longer than ${MAX_BYTES} bytes`;
  if (name.includes('*')) return 'has a * that is not its last character';
  if (name === '.' || name === '..') return 'is no name that an interface can have';
  // dev_valid_name() of Linux.
  return /[/:\s\0]/.test(name)
    ? 'has a /, a colon, a space or a NUL, which no name of an interface has'
    : undefined;
}
