/**
 * The identity that the agent keeps by itself: it enrols with a token, and renews at two thirds of the certificate's life.
 *
 * Every second it is looked whether there is a token that was not used yet, or a certificate that is due; one of these is worked on at a
 * time. What fails is tried again with backoff; a token that was refused is not. Nothing here touches what is enforced.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import { daysLeft, factsOf, namesHost, renewalTime, type CertificateFacts } from './certificate-facts';
import { demandGood, howToEnrol, notEnrolled, readEnrolled } from './enrolled-material';
import { parseToken, tokenMark } from './enrolment-token';
import { certificateStatus, type HostIdentity, type IdentityStatus } from './host-identity';
import { IdentityFault } from './identity-fault';
import { IdentityFiles, type TlsMaterial } from './identity-files';
import type { KeyRequest } from './key-request';
import { TokenSource } from './token-source';

/** What a controller gives for a request. PEM. */
export interface Issued {
  readonly certificate: string;
  readonly authority: string;
}

/** The controllers, as far as certificates go. What they refuse, and that none answers, is told as IdentityFault. */
export interface CertificateDesk {
  /** The token is sent only to a controller that is certified by `authority`, its SHA-256. */
  enroll(asked: { token: string; authority: string; hostId: string; request: Uint8Array }): Promise<Issued>;
  renew(asked: { material: TlsMaterial; request: Uint8Array }): Promise<Issued>;
}

export interface EnrolledIdentityOptions {
  readonly hostId: string;
  readonly folder: string;
  readonly tokenFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly desk: CertificateDesk;
  readonly makeRequest: (hostId: string) => Promise<KeyRequest>;
  readonly backoff: { next(): number; reset(): void };
  /** There is another certificate than before. */
  readonly onChange: () => void;
  readonly log: Logger;
  readonly lookMs?: number;
}

const LOOK_MS = 1000;
/** How long a certificate that was called revoked is not shown again. */
const REVOKED_MS = 600_000;

export class EnrolledIdentity implements HostIdentity {
  readonly #files: IdentityFiles;
  readonly #tokens: TokenSource;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;
  /** Until then nothing is tried, by performance.now(); and with which token it was tried last. */
  #notBefore = 0;
  #lastTried: string | undefined;
  #facts: CertificateFacts | undefined;
  #fileFault: IdentityFault | undefined;
  #taskFault: IdentityFault | undefined;
  #revokedAt: number | undefined;

  constructor(private readonly options: EnrolledIdentityOptions) {
    const { folder, tokenFile: file, env, log } = options;
    this.#files = new IdentityFiles(folder);
    this.#tokens = new TokenSource({ file, env, used: this.#files.usedToken(), log });
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), this.options.lookMs ?? LOOK_MS).unref();
    void this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  material(): TlsMaterial {
    if (this.#revokedAt !== undefined && performance.now() - this.#revokedAt < REVOKED_MS)
      throw this.#revokedFault();
    const { hostId, tokenFile } = this.options;
    try {
      const enrolled = readEnrolled(this.#files);
      this.#facts = enrolled?.facts;
      if (enrolled === undefined) throw this.#isEnrolling() ?? notEnrolled(hostId, tokenFile);
      demandGood(enrolled.facts, { hostId, now: new Date() });
      this.#fileFault = undefined;
      return enrolled.material;
    } catch (error) {
      if (error instanceof IdentityFault) this.#fileFault = error;
      throw error;
    }
  }

  demand(): void {
    if (this.#tokens.fresh() === undefined) this.material();
  }

  noteRevoked(): void {
    if (this.#revokedAt === undefined)
      this.options.log.error(`${this.#revokedFault().message}; what is enforced stays`);
    this.#revokedAt = performance.now();
  }

  noteAccepted(): void {
    this.#revokedAt = undefined;
  }

  get status(): IdentityStatus {
    const fault = this.#revokedAt === undefined ? (this.#taskFault ?? this.#fileFault) : this.#revokedFault();
    return {
      source: 'enrolled',
      certificate: this.#facts && certificateStatus(this.#facts, { renewed: true, now: new Date() }),
      trouble: fault?.message,
    };
  }

  async #look(): Promise<void> {
    const token = this.#tokens.fresh();
    const isNewToken = token !== undefined && token !== this.#lastTried;
    if (this.#isBusy || (performance.now() < this.#notBefore && !isNewToken)) return;
    const isDue = token === undefined && this.#isRenewalDue();
    if (token === undefined && !isDue) return;
    this.#isBusy = true;
    this.#lastTried = token;
    try {
      await (token === undefined ? this.#renew() : this.#enrol(token));
      this.#succeeded();
    } catch (error) {
      this.#failed(error, token);
    } finally {
      this.#isBusy = false;
    }
  }

  #isEnrolling(): IdentityFault | undefined {
    if (this.#tokens.fresh() === undefined) return this.#taskFault;
    return this.#taskFault ?? new IdentityFault('this host is being enrolled', 'this takes a moment');
  }

  #isRenewalDue(): boolean {
    if (this.#revokedAt !== undefined) return false;
    const [facts, now] = [this.#facts, new Date()];
    return facts !== undefined && now >= renewalTime(facts) && now < facts.notAfter;
  }

  async #enrol(text: string): Promise<void> {
    const { hostId, desk, log } = this.options;
    const { host, authority } = parseToken(text);
    if (host !== hostId) {
      throw new IdentityFault(
        `the token is for the host ${host}, and this host is ${hostId}`,
        `set --host-id ${host} if that is its name; else ${howToEnrol(hostId, this.options.tokenFile)}`,
        { kind: 'token' },
      );
    }
    log.info({ authority }, 'enrolling this host');
    const { key, request } = await this.#newKey();
    const issued = await desk.enroll({ token: text, authority, hostId, request });
    await this.#adopt(issued, key);
    await this.#files.noteUsedToken(tokenMark(text));
    this.#tokens.forget(text);
    log.info(this.#told(), 'this host is enrolled');
  }

  async #renew(): Promise<void> {
    const { desk, log } = this.options;
    const material = this.material();
    const { key, request } = await this.#newKey();
    await this.#adopt(await desk.renew({ material, request }), key);
    log.info(this.#told(), 'the certificate of this host is renewed');
  }

  /** On disk before anything is asked for with it. */
  async #newKey(): Promise<KeyRequest> {
    const made = await this.options.makeRequest(this.options.hostId);
    await this.#files.putNextKey(made.key);
    return made;
  }

  async #adopt({ certificate, authority }: Issued, key: string): Promise<void> {
    demandOurs(certificate, key, this.options.hostId);
    await this.#files.adopt({ cert: certificate, ca: authority });
    this.#facts = factsOf(certificate);
  }

  #succeeded(): void {
    const { backoff, onChange } = this.options;
    backoff.reset();
    this.#notBefore = 0;
    this.#taskFault = undefined;
    this.#fileFault = undefined;
    this.#revokedAt = undefined;
    onChange();
  }

  #failed(error: unknown, token: string | undefined): void {
    const { backoff, log } = this.options;
    const fault = error instanceof IdentityFault ? error : unexpected(error);
    this.#taskFault = fault;
    if (fault.kind === 'token' && token !== undefined) this.#tokens.refuse(token);
    if (fault.kind === 'revoked') this.noteRevoked();
    const waitMs = Math.round(backoff.next());
    this.#notBefore = performance.now() + waitMs;
    const what =
      token === undefined ? 'the certificate could not be renewed' : 'this host could not be enrolled';
    const next = fault.kind === 'token' ? 'another token is waited for' : `tried again in ${waitMs} ms`;
    log.error({ ...this.#told(), reason: fault.message }, `${what}; ${next}; what is enforced stays`);
  }

  #told(): object {
    if (this.#facts === undefined) return {};
    const { uri, notAfter } = this.#facts;
    return { uri, notAfter, daysLeft: Number(daysLeft(this.#facts, new Date()).toFixed(2)) };
  }

  #revokedFault(): IdentityFault {
    const { hostId, tokenFile } = this.options;
    return new IdentityFault(
      'the certificates of this host were revoked',
      `to let it back in, ${howToEnrol(hostId, tokenFile)}`,
      { kind: 'revoked' },
    );
  }
}

/** A controller that gives something else is not to take away what there is. */
function demandOurs(pem: string, key: string, hostId: string): void {
  const isOurs = (): boolean =>
    namesHost(factsOf(pem), hostId) && new X509Certificate(pem).checkPrivateKey(createPrivateKey(key));
  try {
    if (isOurs()) return;
  } catch (error) {
    throw new IdentityFault('the controller gave what is no certificate', TELL, { cause: error });
  }
  throw new IdentityFault("the controller gave another host's certificate, or one for another key", TELL);
}

const TELL = 'this is a fault of the controller, see its log';

function unexpected(error: unknown): IdentityFault {
  return new IdentityFault((error as Error).message, 'see whether the state folder can be written', {
    cause: error,
  });
}
