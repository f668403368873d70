/**
 * The one place where it is decided who may call what, and where what was done or refused goes on record. A method is open to nobody
 * until its .proto names a role.
 */
import { status } from '@grpc/grpc-js';
import { identityFromSubjectAltName, RpcError } from '@nsgate/proto';
import type { Logger } from 'pino';
import type { Grants } from '../access/access-rules';
import type { LiveAccess } from '../access/live-access';
import type { MethodRule, MethodRules } from '../access/method-rules';
import type { RequiredRole } from '../access/role';
import type { AuditLog } from '../audit/audit-log';
import { principalName, type Principal } from '../identity/principal';
import { CallMeter, type CallLimits } from './call-meter';
import { CallPermit, NOTHING_PERMITTED } from './call-permit';
import type { CallRecorder } from './call-recorder';
import type { Caller, Transport } from './caller';
import {
  credentialsOf,
  peerAddress,
  type AuthenticatedCall,
  type Credentials,
  type ShownCertificate,
} from './peer-identity';

/** Whether a host's certificate was taken back. */
export interface HostBar {
  isBarred(hostId: string, fingerprint: string): boolean;
}

export interface GatekeeperOptions {
  readonly rules: MethodRules;
  readonly access: LiveAccess;
  readonly audit: AuditLog;
  readonly recorder: CallRecorder;
  readonly hosts: HostBar;
  /** Ids of any other are other ids. */
  readonly trustDomain: string;
  readonly callLimits?: CallLimits;
  readonly logger: Logger;
}

/** A call of which no message has been read yet. */
export interface ArrivingCall {
  readonly call: AuthenticatedCall;
  readonly transport: Transport;
  readonly path: string;
}

export interface IncomingCall extends ArrivingCall {
  /** Of calls that have one message. */
  readonly request: unknown;
  /** Called when the caller loses the right to the call while it is open; for calls that stay open. */
  readonly onLost?: (why: RpcError) => void;
}

/** A call that was let in. */
export interface Admission {
  readonly caller: Caller;
  /** To be called once, before the caller is told: undefined for success. */
  end(error: RpcError | undefined): void;
}

/** Who has come, and by what he proved it. */
interface Guest {
  readonly principal: Principal;
  readonly credentials: Credentials;
}

/** A call that is open, and what its caller's right to it hangs on. */
interface OpenCall {
  readonly credentials: Credentials;
  readonly transport: Transport;
  readonly role: RequiredRole;
  readonly onLost: (why: RpcError) => void;
}

export class Gatekeeper {
  readonly #calls: CallMeter;
  /** By the metadata of their calls, which is what is the same thing before and after the messages. */
  readonly #guests = new WeakMap<object, Guest>();
  readonly #open = new Set<OpenCall>();

  constructor(private readonly options: GatekeeperOptions) {
    this.#calls = new CallMeter(options.callLimits);
  }

  /**
   * Asks who it is, before a byte of the request is taken: who proves nothing is let in to nothing but what is for anyone. Gives what is
   * to be called when the call has closed. Throws UNAUTHENTICATED, PERMISSION_DENIED or RESOURCE_EXHAUSTED; such refusals are on record.
   */
  async greet({ call, transport, path }: ArrivingCall): Promise<() => void> {
    // What is no method of ours (health, reflection) is for whoever has proved who he is.
    const role = this.options.rules.get(path)?.role ?? 'viewer';
    const credentials = credentialsOf(call, transport);
    let principal: Principal = { kind: 'anonymous' };
    try {
      principal = await this.#identify(credentials, transport, role);
      if (principal.kind === 'anonymous' && role !== 'anyone') throw unauthenticated();
      const leave = this.#calls.open(principal, peerAddress(credentials.peer));
      this.#guests.set(call.metadata, { principal, credentials });
      return leave;
    } catch (error) {
      if (error instanceof RpcError) {
        const { peer } = credentials;
        this.options.recorder.refused({ path, request: undefined, peer, principal, error });
      }
      throw error;
    }
  }

  /** Throws PERMISSION_DENIED or UNAVAILABLE; such refusals are on record. */
  admit(incoming: IncomingCall): Admission {
    const { call, path } = incoming;
    const guest = this.#guests.get(call.metadata);
    if (guest === undefined) throw new Error('a call that was not greeted');
    try {
      const rule = this.options.rules.get(path);
      if (rule === undefined) throw denied('no role is defined for this method');
      return this.#let(incoming, rule, guest);
    } catch (error) {
      if (error instanceof RpcError) {
        const { principal, credentials } = guest;
        this.options.recorder.refused({ ...incoming, peer: credentials.peer, principal, error });
      }
      throw error;
    }
  }

  /** Ends the open calls of those who would not be let in any more: their role, token or binding is gone, or their certificate has expired. */
  async review(): Promise<void> {
    for (const call of [...this.#open]) {
      const objection = call.role === 'host' ? objectionToExpired(call) : await this.#objectionTo(call);
      if (objection !== undefined) call.onLost(objection);
    }
  }

  #let(incoming: IncomingCall, rule: MethodRule, { principal, credentials }: Guest): Admission {
    const { role } = rule;
    const grants = this.options.access.grantsOf(principal);
    demandRole(role, principal, grants);
    if (rule.audited) this.#demandRecord();
    const permit = role === 'host' || role === 'anyone' ? NOTHING_PERMITTED : new CallPermit(grants, role);
    const caller = {
      ...callerOf(principal, peerAddress(credentials.peer)),
      permit,
      demandStanding: () => this.#demandNotRevoked(principal, credentials),
    };
    const close = this.#keepInView(incoming, role, credentials);
    let ended = false;
    const end = (error: RpcError | undefined): void => {
      if (ended) return;
      ended = true;
      close();
      const resources = permit instanceof CallPermit ? permit.resources(error !== undefined) : [];
      this.options.recorder.ended({ ...incoming, peer: credentials.peer, principal, error, rule, resources });
    };
    return { caller, end };
  }

  /** Has the call reviewed until what is given is called. A revoked host is cut by who revokes it. */
  #keepInView({ transport, onLost }: IncomingCall, role: RequiredRole, credentials: Credentials): () => void {
    if (onLost === undefined) return () => undefined;
    const open = { credentials, transport, role, onLost };
    this.#open.add(open);
    return () => this.#open.delete(open);
  }

  async #objectionTo({ credentials, transport, role }: OpenCall): Promise<RpcError | undefined> {
    try {
      const principal = await this.#identify(credentials, transport, role);
      demandRole(role, principal, this.options.access.grantsOf(principal));
      return undefined;
    } catch (error) {
      if (error instanceof RpcError) return error;
      throw error;
    }
  }

  async #identify(
    { certificate, bearer }: Credentials,
    transport: Transport,
    role: RequiredRole,
  ): Promise<Principal> {
    if (transport === 'unix-socket') return { kind: 'local' };
    if (certificate !== undefined) return this.#certified(certificate);
    if (role === 'anyone' || role === 'host' || bearer === undefined) return { kind: 'anonymous' };
    const verdict = await this.options.access.checkToken(bearer);
    if (verdict.outcome === 'proved') return verdict.principal;
    throw new RpcError(status.UNAUTHENTICATED, verdict.reason);
  }

  #certified({ names, fingerprint, expiresAt }: ShownCertificate): Principal {
    demandUnexpired(expiresAt);
    const identity = identityFromSubjectAltName(names);
    if (identity === undefined) {
      throw denied(
        'the certificate names no nsgate identity (a URI such as spiffe://…/nsgate/operator/NAME)',
      );
    }
    const { kind, id, trustDomain } = identity;
    if (trustDomain !== this.options.trustDomain) {
      throw denied(
        `the certificate is of the trust domain ${trustDomain}, and this controller's is ${this.options.trustDomain}`,
      );
    }
    if (kind === 'operator') return { kind: 'certificate', id };
    if (kind !== 'host') throw denied(`no method is for certificates of kind ${kind}`);
    const principal: Principal = { kind: 'host', id };
    this.#demandNotRevoked(principal, { certificate: { fingerprint } });
    return principal;
  }

  #demandNotRevoked(
    principal: Principal,
    { certificate }: { certificate: { fingerprint: string } | undefined },
  ): void {
    if (principal.kind !== 'host' || certificate === undefined) return;
    if (this.options.hosts.isBarred(principal.id, certificate.fingerprint)) throw hostRevoked(principal.id);
  }

  #demandRecord(): void {
    try {
      this.options.audit.demandWritable();
    } catch (error) {
      this.options.logger.error({ err: error }, 'the audit log cannot be written: changes are refused');
      throw new RpcError(status.UNAVAILABLE, 'nothing can be changed while the audit log cannot be written', {
        cause: error,
      });
    }
  }
}

function demandRole(role: RequiredRole, principal: Principal, grants: Grants): void {
  if (role === 'anyone') return;
  if (principal.kind === 'anonymous') throw unauthenticated();
  if (role === 'host') {
    if (principal.kind === 'host') return;
    throw denied(
      principal.kind === 'local'
        ? 'agents connect over TCP with the certificate of their host, not over the Unix socket'
        : 'this method is for certificates of kind host; yours is of kind operator',
    );
  }
  if (principal.kind === 'host') {
    throw denied('this method is for certificates of kind operator; yours is of kind host');
  }
  if (!grants.allows(role))
    throw denied(`this method needs the role ${role}; ${principalName(principal)} does not have it`);
}

/** TLS asked for it when the connection was made; a connection may outlive a certificate. Also throws where the day cannot be read. */
function demandUnexpired(expiresAt: number): void {
  if (Date.now() < expiresAt) return;
  throw new RpcError(
    status.UNAUTHENTICATED,
    'the certificate of this connection has expired: connect again with one that is valid',
  );
}

/** All there is to ask of an open stream of a host every time: there are thousands, and revocation cuts its streams by itself. */
function objectionToExpired({ credentials }: OpenCall): RpcError | undefined {
  try {
    if (credentials.certificate !== undefined) demandUnexpired(credentials.certificate.expiresAt);
    return undefined;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
}

function callerOf(principal: Principal, peer: string): Omit<Caller, 'permit' | 'demandStanding'> {
  switch (principal.kind) {
    case 'local':
      return { kind: 'operator', id: 'local', peer };
    case 'certificate':
      return { kind: 'operator', id: principal.id, peer };
    case 'token':
    case 'oidc':
      return { kind: 'operator', id: principalName(principal), peer };
    case 'host':
      return { kind: 'host', id: principal.id, peer };
    case 'anonymous':
      return { kind: 'anonymous', id: '', peer };
  }
}

/** What an agent is told whose host was revoked: it goes on enforcing, and says so. */
export function hostRevoked(host: string): RpcError {
  return new RpcError(
    status.PERMISSION_DENIED,
    `the certificates of host ${host} were revoked: enrol the host anew`,
    { reason: { reason: 'HOST_REVOKED', metadata: { host } } },
  );
}

function unauthenticated(): RpcError {
  return new RpcError(
    status.UNAUTHENTICATED,
    'prove who you are: by a certificate that is valid and comes from the CA of this controller, or by a token',
  );
}

function denied(message: string): RpcError {
  return new RpcError(status.PERMISSION_DENIED, message);
}
