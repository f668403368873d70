/** JWTs of one OpenID Connect issuer (RFC 7519, OpenID Connect Core 2), checked against its published keys. */
import { readFileSync } from 'node:fs';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose';
import type { TokenVerdict } from './static-tokens';

export interface OidcSettings {
  /** Claim `iss`, exactly. */
  readonly issuer: string;
  /** One of claim `aud`. */
  readonly audience: string;
  /** Path of a JWKS file (RFC 7517), or its URL. */
  readonly jwks: string;
  /** Which claim names the caller. */
  readonly usernameClaim: string;
  /** Which claim, a list of texts, names its groups. */
  readonly groupsClaim: string;
}

type KeySource = ReturnType<typeof createRemoteJWKSet> | ReturnType<typeof createLocalJWKSet>;

/** Signed with a private key: who can check a token cannot make one. */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const DEMANDS = { algorithms: ALGORITHMS, clockTolerance: 30, requiredClaims: ['exp'] };
const FETCH_TIMEOUT_MS = 5000;
const USERNAME = /^[\x21-\x7e]{1,255}$/;

export class OidcIssuer {
  readonly #keys: KeySource;

  /** Throws an Error when a JWKS file cannot be read. */
  constructor(readonly settings: OidcSettings) {
    this.#keys = keySource(settings.jwks);
  }

  /** Path of the keys, where they are a file. */
  get keyFile(): string | undefined {
    return isUrl(this.settings.jwks) ? undefined : this.settings.jwks;
  }

  /** Whom the token stands for. The reason of a refusal holds nothing of the token. */
  async check(token: string): Promise<TokenVerdict> {
    try {
      return this.#principalOf(await this.#verified(token));
    } catch (error) {
      if (error instanceof errors.JOSEError) return { outcome: 'refused', reason: reasonOf(error) };
      return { outcome: 'refused', reason: `the keys of ${this.settings.issuer} cannot be had` };
    }
  }

  /** A token that does not say by which of several keys it is signed is tried with each that may be it. */
  async #verified(token: string): Promise<JWTPayload> {
    const { issuer, audience } = this.settings;
    const demands = { ...DEMANDS, issuer, audience };
    try {
      return (await jwtVerify(token, this.#keys, demands)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      for await (const key of error) {
        const payload = await jwtVerify(token, key, demands).then((found) => found.payload, unlessUnsigned);
        if (payload !== undefined) return payload;
      }
      throw error;
    }
  }

  #principalOf(payload: JWTPayload): TokenVerdict {
    const { usernameClaim, groupsClaim } = this.settings;
    const [id, groups] = [payload[usernameClaim], payload[groupsClaim]];
    if (typeof id !== 'string' || !USERNAME.test(id)) {
      return { outcome: 'refused', reason: `the token has no usable claim ${usernameClaim}` };
    }
    // An issuer may let anybody claim any address, and say with it that it was not checked.
    if (usernameClaim === 'email' && payload.email_verified === false) {
      return { outcome: 'refused', reason: 'the address in the claim email was not verified by the issuer' };
    }
    const named = Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [];
    return { outcome: 'proved', principal: { kind: 'oidc', id, groups: named } };
  }
}

function keySource(jwks: string): KeySource {
  if (isUrl(jwks)) return createRemoteJWKSet(new URL(jwks), { timeoutDuration: FETCH_TIMEOUT_MS });
  return createLocalJWKSet(JSON.parse(readFileSync(jwks, 'utf8')) as JSONWebKeySet);
}

function isUrl(jwks: string): boolean {
  return /^https?:/.test(jwks);
}

/** Undefined where the key is another than the one that has signed. */
function unlessUnsigned(error: unknown): undefined {
  if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
  return undefined;
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the claim ${error.claim} is not what it has to be`;
  if (error instanceof errors.JWKSTimeout) return "the issuer's keys did not come in time";
  return 'the token is not signed by a key of its issuer';
}
