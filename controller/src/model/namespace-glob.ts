/** Names and globs of namespaces: whether one is well formed, and which of the names that agents report it means. */
import type { NamespaceSelector } from './selector';

/** NAME_MAX of Linux: an entry of /run/netns cannot be longer. */
const MAX_BYTES = 255;

/** What is wrong with a name or glob (a phrase to put behind the value), or undefined when it is well formed. */
export function globProblem(glob: string): string | undefined {
  if (glob === '') return 'is empty: name a namespace, or write * for all';
  if (Buffer.byteLength(glob) > MAX_BYTES) return `is longer than ${MAX_BYTES} bytes`;
  if (glob.includes('/')) return 'has a /, which no name of a namespace has';
  if (glob.includes('\0')) return 'has a NUL character, which no name of a namespace has';
  if (glob === '.' || glob === '..') return 'is no name that a namespace can have';
  return structureProblem(Array.from(glob));
}

/** A character is a code point, as it is for who matches. */
function structureProblem(chars: readonly string[]): string | undefined {
  for (let i = 0; i < chars.length; i++) {
    if (chars[i] === '\\') {
      i += 1;
      if (i === chars.length) return 'ends with a \\ that has nothing to take literally';
    } else if (chars[i] === '[') {
      const set = readSet(chars, i);
      if ('problem' in set) return set.problem;
      i = set.end;
    }
  }
  return undefined;
}

/** Reads the set that opens at `start`; `end` is the index of its closing bracket. */
function readSet(chars: readonly string[], start: number): { end: number } | { problem: string } {
  const first = chars[start + 1] === '!' ? start + 2 : start + 1;
  if (chars[first] === ']') return { problem: 'has an empty set: write \\] for the bracket itself' };
  for (let i = first; i < chars.length; i++) {
    if (chars[i] === ']') return { end: i };
    const lower = readMember(chars, i);
    i = lower.end;
    const isRange = chars[i + 1] === '-' && i + 2 < chars.length && chars[i + 2] !== ']';
    if (!isRange) continue;
    const upper = readMember(chars, i + 2);
    i = upper.end;
    if (lower.point > upper.point) return { problem: 'has a range in [ ] that ends before it begins' };
  }
  return { problem: 'has a [ without its ]' };
}

function readMember(chars: readonly string[], at: number): { point: number; end: number } {
  const end = chars[at] === '\\' ? at + 1 : at;
  return { point: chars[end]?.codePointAt(0) ?? Infinity, end };
}

/** Whether the selector chooses a name. Its globs are well formed. */
export function namespaceMatcher({ include, exclude }: NamespaceSelector): (name: string) => boolean {
  const [included, excluded] = [include.map(globPattern), exclude.map(globPattern)];
  return (name) => included.some((glob) => glob.test(name)) && !excluded.some((glob) => glob.test(name));
}

/** The glob as a regular expression over the whole name. */
function globPattern(glob: string): RegExp {
  const parts = glob.match(/\\[^]|\[(?:\\[^]|[^\]\\])+\]|[^]/gu) ?? [];
  return new RegExp(`^${parts.map(patternOf).join('')}$`, 'su');
}

function patternOf(part: string): string {
  if (part === '*') return '.*';
  if (part === '?') return '.';
  if (part.startsWith('[')) return setPattern(part.slice(1, -1));
  return literal(part.startsWith('\\') ? part.slice(1) : part);
}

/** A `-` means a range only between two characters of the set. */
function setPattern(content: string): string {
  const negated = content.startsWith('!');
  const characters = (negated ? content.slice(1) : content).match(/\\[^]|[^]/gu) ?? [];
  let pattern = '';
  for (let i = 0; i < characters.length; i++) {
    const [first = '', dash, last] = characters.slice(i, i + 3);
    const isRange = dash === '-' && last !== undefined;
    pattern += isRange ? `${member(first)}-${member(last)}` : member(first);
    if (isRange) i += 2;
  }
  return `[${negated ? '^' : ''}${pattern}]`;
}

function member(character: string): string {
  const meant = character.length > 1 && character.startsWith('\\') ? character.slice(1) : character;
  return meant === '-' ? '\\-' : literal(meant);
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}
