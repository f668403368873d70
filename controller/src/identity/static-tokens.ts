/** Tokens of a small site: named in the access file by their hashes. */
import type { Principal } from './principal';
import { hashSecret } from './token-hash';

/** Marks a token as one of these, for people and for scanners that look for leaked secrets. */
export const STATIC_TOKEN_PREFIX = 'nsgt_';

export interface StaticToken {
  readonly name: string;
  /** SHA-256 of the whole token, in hexadecimal. */
  readonly sha256: string;
  /** Left out: it does not expire. */
  readonly expires?: Date | undefined;
}

export type TokenVerdict =
  | { readonly outcome: 'proved'; readonly principal: Principal }
  | { readonly outcome: 'refused'; readonly reason: string };

/** Who the token stands for. It is looked up by its hash: how long that takes tells nothing of the token. */
export function checkStaticToken(tokens: readonly StaticToken[], token: string, now: Date): TokenVerdict {
  const hash = hashSecret(token);
  const found = tokens.find(({ sha256 }) => sha256 === hash);
  if (found === undefined) return { outcome: 'refused', reason: 'the token is not known here' };
  if (found.expires !== undefined && found.expires <= now) {
    return { outcome: 'refused', reason: `the token ${found.name} has expired` };
  }
  return { outcome: 'proved', principal: { kind: 'token', id: found.name } };
}
