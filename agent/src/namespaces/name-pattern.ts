/** Names and globs of a policy's namespace selector; their meaning is fixed in policy.proto, NamespaceSelector. */

type Token = { kind: 'run' } | { kind: 'one' } | { kind: 'literal'; char: string } | SetToken;

interface SetToken {
  kind: 'set';
  negated: boolean;
  ranges: readonly (readonly [first: string, last: string])[];
}

/** A pattern that is not well formed; the message says why. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/**
 * A compiled name or glob: `*` stands for any run of characters, `?` for one, `[abc]` and `[a-z]` for one of a set,
 * `[!a-z]` for one outside it; `\` takes the next character literally. A character is a code point. Matching takes at most
 * pattern length times name length steps, whatever the pattern.
 */
export class NamePattern {
  readonly #tokens: readonly Token[];
  readonly #literal: string | undefined;

  /** Throws PatternError. */
  constructor(readonly source: string) {
    this.#tokens = parse(Array.from(source));
    this.#literal = literalText(this.#tokens);
  }

  /** The one name that it matches, if it is no glob. */
  get literal(): string | undefined {
    return this.#literal;
  }

  matches(name: string): boolean {
    if (this.#literal !== undefined) return name === this.#literal;
    return matchTokens(this.#tokens, characters(name));
  }
}

/** A string without surrogates is the list of its code points already. */
function characters(name: string): ArrayLike<string> {
  return /[\ud800-\udfff]/.test(name) ? Array.from(name) : name;
}

function literalText(tokens: readonly Token[]): string | undefined {
  let text = '';
  for (const token of tokens) {
    if (token.kind !== 'literal') return undefined;
    text += token.char;
  }
  return text;
}

/** Greedy with one point to fall back to: the last run seen. A run before it never needs to grow again. */
function matchTokens(tokens: readonly Token[], name: ArrayLike<string>): boolean {
  let token = 0;
  let char = 0;
  let fallback: { token: number; char: number } | undefined;
  while (char < name.length) {
    const current = tokens[token];
    if (current?.kind === 'run') {
      fallback = { token, char };
      token += 1;
    } else if (current !== undefined && matchesOne(current, name[char] ?? '')) {
      token += 1;
      char += 1;
    } else if (fallback !== undefined) {
      fallback.char += 1;
      token = fallback.token + 1;
      char = fallback.char;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every(({ kind }) => kind === 'run');
}

function matchesOne(token: Exclude<Token, { kind: 'run' }>, char: string): boolean {
  switch (token.kind) {
    case 'one':
      return true;
    case 'literal':
      return token.char === char;
    case 'set':
      return token.ranges.some((range) => isWithin(char, range)) !== token.negated;
  }
}

function isWithin(char: string, [first, last]: readonly [string, string]): boolean {
  const point = codePoint(char);
  return codePoint(first) <= point && point <= codePoint(last);
}

function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function parse(chars: readonly string[]): Token[] {
  if (chars.length === 0) throw new PatternError('is empty');
  if (chars.includes('/')) throw new PatternError('contains `/`');
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length;) {
    const { token, next } = parseToken(chars, at);
    tokens.push(token);
    at = next;
  }
  return tokens;
}

function parseToken(chars: readonly string[], at: number): { token: Token; next: number } {
  const char = chars[at] ?? '';
  switch (char) {
    case '*':
      return { token: { kind: 'run' }, next: at + 1 };
    case '?':
      return { token: { kind: 'one' }, next: at + 1 };
    case '[':
      return parseSet(chars, at);
    case '\\': {
      const { char: escaped, next } = parseChar(chars, at);
      return { token: { kind: 'literal', char: escaped }, next };
    }
    default:
      return { token: { kind: 'literal', char }, next: at + 1 };
  }
}

/** `]` stands for itself when it comes first, as in POSIX (IEEE Std 1003.1, 9.3.5). */
function parseSet(chars: readonly string[], open: number): { token: SetToken; next: number } {
  const negated = chars[open + 1] === '!';
  const start = open + (negated ? 2 : 1);
  const ranges: [string, string][] = [];
  let at = start;
  while (at === start || chars[at] !== ']') {
    if (at >= chars.length) throw new PatternError('has a `[` without its `]`');
    const { range, next } = parseRange(chars, at);
    ranges.push(range);
    at = next;
  }
  return { token: { kind: 'set', negated, ranges }, next: at + 1 };
}

function parseRange(chars: readonly string[], at: number): { range: [string, string]; next: number } {
  const first = parseChar(chars, at);
  const isRange = chars[first.next] === '-' && ![']', undefined].includes(chars[first.next + 1]);
  if (!isRange) return { range: [first.char, first.char], next: first.next };
  const last = parseChar(chars, first.next + 1);
  if (codePoint(first.char) > codePoint(last.char)) {
    throw new PatternError(`has the range ${first.char}-${last.char}, which ends before it begins`);
  }
  return { range: [first.char, last.char], next: last.next };
}

function parseChar(chars: readonly string[], at: number): { char: string; next: number } {
  const isEscape = chars[at] === '\\';
  const char = chars[isEscape ? at + 1 : at];
  if (char === undefined) throw new PatternError(isEscape ? 'ends with `\\`' : 'has a `[` without its `]`');
  return { char, next: at + (isEscape ? 2 : 1) };
}
