/** Names and globs of namespaces: whether one is well formed. Agents, who see the names, match them. */

/** NAME_MAX of Linux: an entry of /run/netns cannot be longer. */
const MAX_BYTES = 255;

/** What is wrong with a name or glob (a phrase to put behind the value), or undefined when it is well formed. */
export function globProblem(glob: string): string | undefined {
  if (glob === '') return 'is empty: name a namespace, or write * for all';
  if (Buffer.byteLength(glob) > MAX_BYTES) return `is longer than ${MAX_BYTES} bytes`;
  if (glob.includes('/')) return 'has a /, which no name of a namespace has';
  if (glob.includes('\0')) return 'has a NUL character, which no name of a namespace has';
  if (glob === '.' || glob === '..') return 'is no name that a namespace can have';
  return structureProblem(glob);
}

function structureProblem(glob: string): string | undefined {
  for (let i = 0; i < glob.length; i++) {
    if (glob[i] === '\\') {
      i += 1;
      if (i === glob.length) return 'ends with a \\ that has nothing to take literally';
    } else if (glob[i] === '[') {
      const set = readSet(glob, i);
      if ('problem' in set) return set.problem;
      i = set.end;
    }
  }
  return undefined;
}

/** Reads the set that opens at `start`; `end` is the index of its closing bracket. */
function readSet(glob: string, start: number): { end: number } | { problem: string } {
  const first = glob[start + 1] === '!' ? start + 2 : start + 1;
  let previous: string | undefined;
  for (let i = first; i < glob.length; i++) {
    const char = glob[i] ?? '';
    if (char === ']') {
      return i === first ? { problem: 'has an empty set: write \\] for the bracket itself' } : { end: i };
    }
    const isRange = char === '-' && previous !== undefined && i + 1 < glob.length && glob[i + 1] !== ']';
    if (isRange) {
      const upper = readSetMember(glob, i + 1);
      if (upper.char !== undefined && (previous ?? '') > upper.char) {
        return { problem: 'has a range in [ ] that ends before it begins' };
      }
      previous = undefined;
      i = upper.end;
    } else {
      const member = readSetMember(glob, i);
      previous = member.char;
      i = member.end;
    }
  }
  return { problem: 'has a [ without its ]' };
}

function readSetMember(glob: string, at: number): { char: string | undefined; end: number } {
  return glob[at] === '\\' ? { char: glob[at + 1], end: at + 1 } : { char: glob[at], end: at };
}
