/** Why this host cannot prove which host it is, and what a person is to do about it. */

export type FaultKind =
  /** May be gone at the next try. */
  | 'passing'
  /** The same token will never do. */
  | 'token'
  /** The host's certificates were taken back. */
  | 'revoked';

export class IdentityFault extends Error {
  override readonly name = 'IdentityFault';
  readonly kind: FaultKind;

  constructor(
    /** What is wrong, a sentence without its full stop. */
    readonly what: string,
    /** What to do. */
    readonly advice: string,
    { kind = 'passing', cause }: { kind?: FaultKind; cause?: unknown } = {},
  ) {
    super(`${what}: ${advice}`, { cause });
    this.kind = kind;
  }
}
