/** The access file as it stands now: read again when it changes; a broken one changes nothing, and is told. */
import { OidcIssuer } from '../identity/oidc-issuer';
import type { Principal } from '../identity/principal';
import { checkStaticToken, STATIC_TOKEN_PREFIX, type TokenVerdict } from '../identity/static-tokens';
import { readAccessFile, type AccessFile } from './access-file';
import { grantsOf, type Grants } from './access-rules';

interface Loaded {
  readonly file: AccessFile | undefined;
  readonly issuer: OidcIssuer | undefined;
}

export class LiveAccess {
  #loaded: Loaded;

  /** Undefined: no file. An Error says what is wrong with it. */
  constructor(private readonly path: string | undefined) {
    this.#loaded = load(path);
  }

  /** Reads the file again; an Error says what is wrong, and what was read before goes on. */
  reload(): void {
    this.#loaded = load(this.path);
  }

  /** What is to be looked at for changes, as it stands now: the file, and the file of keys that it names. */
  *files(): Generator<string> {
    if (this.path !== undefined) yield this.path;
    const keys = this.#loaded.issuer?.keyFile;
    if (keys !== undefined) yield keys;
  }

  grantsOf(principal: Principal): Grants {
    return grantsOf(this.#loaded.file, principal);
  }

  /** Whether the file names any token, or an issuer of some. */
  get takesTokens(): boolean {
    const { file, issuer } = this.#loaded;
    return issuer !== undefined || (file?.tokens.length ?? 0) > 0;
  }

  /** Whom a bearer token stands for. */
  async checkToken(token: string): Promise<TokenVerdict> {
    const { file, issuer } = this.#loaded;
    if (token.startsWith(STATIC_TOKEN_PREFIX)) return checkStaticToken(file?.tokens ?? [], token, new Date());
    if (issuer === undefined) return { outcome: 'refused', reason: 'this controller takes no such tokens' };
    return issuer.check(token);
  }
}

function load(path: string | undefined): Loaded {
  const file = path === undefined ? undefined : readAccessFile(path);
  return { file, issuer: file?.oidc && new OidcIssuer(file.oidc) };
}
