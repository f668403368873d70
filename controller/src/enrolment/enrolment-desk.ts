/**
 * Gives hosts their certificates, and takes them back.
 *
 * A token is `nsge1.HOST.FINGERPRINT.SECRET`: whom it is for, by which CA the host is to know the controller, and what proves that
 * an operator meant it. Only a hash of SECRET is kept. It is used up in the same transaction that notes the certificate down.
 */
import { RefusalMeter } from '../audit/refusal-meter';
import { hashSecret, newSecret } from '../identity/token-hash';
import type { CertificateAuthority, SignedCertificate } from './certificate-authority';
import { keyOfRequest } from './certificate-request';
import type { EnrolmentRecords } from './enrolment-records';

export interface EnrolmentDeskOptions {
  readonly records: EnrolmentRecords;
  /** As it stands now; undefined when this controller signs nothing. */
  readonly authority: () => CertificateAuthority | undefined;
  /** The URI that names a host in its certificate. */
  readonly hostUri: (hostId: string) => string;
  readonly certificateLifetimeMs: number;
}

export type Enrolled =
  | { readonly outcome: 'signed'; readonly certificate: string; readonly authority: string }
  | { readonly outcome: 'no-authority' }
  | { readonly outcome: 'bad-request'; readonly why: string }
  /** Unknown, used, expired, another host's: who asks is not told which. */
  | { readonly outcome: 'bad-token' }
  | { readonly outcome: 'too-many-tries' };

const TOKEN_VERSION = 'nsge1';
const TOKEN = /^nsge1\.([a-z0-9.-]{1,63})\.([0-9a-f]{64})\.([A-Za-z0-9_-]{43})$/;
const TRIES_AT_ONCE = 10;
const TRY_EVERY_MS = 5000;

export class EnrolmentDesk {
  readonly #failures = new RefusalMeter({ burst: TRIES_AT_ONCE, everyMs: TRY_EVERY_MS });

  constructor(private readonly options: EnrolmentDeskOptions) {}

  /** The token is given this once. Undefined when there is no CA to sign with. */
  createToken(host: string, ttlMs: number): { token: string; expires: Date } | undefined {
    const authority = this.options.authority();
    if (authority === undefined) return undefined;
    const secret = newSecret();
    const expires = new Date(Date.now() + ttlMs);
    this.options.records.putToken(hashSecret(secret), host, expires);
    return { token: [TOKEN_VERSION, host, authority.pin, secret].join('.'), expires };
  }

  /** `peer`: whose failed tries are counted together. */
  async enrol(asked: { token: string; host: string; request: Uint8Array }, peer: string): Promise<Enrolled> {
    if (this.#failures.isSpent(peer)) return { outcome: 'too-many-tries' };
    const hash = secretHash(asked.token);
    if (!this.options.records.knowsToken(hash, asked.host, new Date())) return this.#failed(peer);
    const signed = await this.#sign(asked.host, asked.request);
    if (signed.outcome !== 'signed') return signed;
    const { records } = this.options;
    const { fingerprint, expires } = signed.signed;
    // Another may have used it meanwhile.
    if (!records.redeem(hash, { fingerprint, host: asked.host, expires }, new Date()))
      return this.#failed(peer);
    return { outcome: 'signed', certificate: signed.signed.pem, authority: signed.authority.pem };
  }

  /** For a host that has proved which it is. `demandStanding` throws if that was taken back while the certificate was made. */
  async renew(host: string, request: Uint8Array, demandStanding: () => void): Promise<Enrolled> {
    const signed = await this.#sign(host, request);
    if (signed.outcome !== 'signed') return signed;
    // No other call can come between this and the record.
    demandStanding();
    const { fingerprint, expires } = signed.signed;
    this.options.records.putCertificate({ fingerprint, host, expires });
    return { outcome: 'signed', certificate: signed.signed.pem, authority: signed.authority.pem };
  }

  #failed(peer: string): Enrolled {
    this.#failures.take(peer);
    return { outcome: 'bad-token' };
  }

  async #sign(
    host: string,
    request: Uint8Array,
  ): Promise<
    | { outcome: 'signed'; signed: SignedCertificate; authority: CertificateAuthority }
    | Extract<Enrolled, { outcome: 'no-authority' | 'bad-request' }>
  > {
    const { authority: current, hostUri, certificateLifetimeMs } = this.options;
    const authority = current();
    if (authority === undefined) return { outcome: 'no-authority' };
    try {
      const key = await keyOfRequest(request);
      const signed = await authority.signHost(hostUri(host), key, certificateLifetimeMs);
      return { outcome: 'signed', signed, authority };
    } catch (error) {
      return { outcome: 'bad-request', why: (error as Error).message };
    }
  }
}

/** Of what is no token, a hash that no token has. */
function secretHash(token: string): string {
  return hashSecret(TOKEN.exec(token)?.[3] ?? '');
}
