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
import { CallPermit, NOTHING_PERMITTED } from './call-permit';
import type { CallRecorder } from './call-recorder';
import type { Caller, Transport } from './caller';
import { credentialsOf, peerAddress, type AuthenticatedCall, type Credentials } from './peer-identity';
import { StreamMeter } from './stream-meter';

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
  readonly logger: Logger;
}

export interface IncomingCall {
  readonly call: AuthenticatedCall;
  readonly transport: Transport;
  readonly path: string;
  /** Of calls that have one message. */
  readonly request: unknown;
  readonly streaming: boolean;
}

/** A call that was let in. */
export interface Admission {
  readonly caller: Caller;
  /** To be called once, before the caller is told: undefined for success. */
  end(error: RpcError | undefined): void;
}

export class Gatekeeper {
  readonly #streams = new StreamMeter();

  constructor(private readonly options: GatekeeperOptions) {}

  /** Throws UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED or UNAVAILABLE; such refusals are on record. */
  async admit(incoming: IncomingCall): Promise<Admission> {
    const { call, transport, path } = incoming;
    const rule = this.options.rules.get(path);
    const credentials = credentialsOf(call, transport);
    let principal: Principal = { kind: 'anonymous' };
    try {
      if (rule === undefined) throw denied('no role is defined for this method');
      principal = await this.#identify(credentials, transport, rule.role);
      return this.#let(incoming, { rule, credentials, principal });
    } catch (error) {
      if (error instanceof RpcError) {
        this.options.recorder.refused({ ...incoming, peer: credentials.peer, principal, error });
      }
      throw error;
    }
  }

  /** For services that are no method of ours: whoever has proved who he is may use them. Gives why not. */
  async objectionToUtility(call: AuthenticatedCall, transport: Transport): Promise<RpcError | undefined> {
    try {
      const principal = await this.#identify(credentialsOf(call, transport), transport, 'viewer');
      return principal.kind === 'anonymous' ? unauthenticated() : undefined;
    } catch (error) {
      if (error instanceof RpcError) return error;
      throw error;
    }
  }

  #let(
    incoming: IncomingCall,
    { rule, credentials, principal }: { rule: MethodRule; credentials: Credentials; principal: Principal },
  ): Admission {
    const grants = this.options.access.grantsOf(principal);
    demandRole(rule.role, principal, grants);
    if (rule.audited) this.#demandRecord();
    const permit =
      rule.role === 'host' || rule.role === 'anyone' ? NOTHING_PERMITTED : new CallPermit(grants, rule.role);
    const caller = {
      ...callerOf(principal, peerAddress(credentials.peer)),
      permit,
      demandStanding: () => this.#demandNotRevoked(principal, credentials),
    };
    const release = incoming.streaming ? this.#streams.open(principalName(principal)) : undefined;
    let ended = false;
    const end = (error: RpcError | undefined): void => {
      if (ended) return;
      ended = true;
      release?.();
      const resources = permit instanceof CallPermit ? permit.resources(error !== undefined) : [];
      this.options.recorder.ended({ ...incoming, peer: credentials.peer, principal, error, rule, resources });
    };
    return { caller, end };
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

  #certified({ names, fingerprint }: NonNullable<Credentials['certificate']>): Principal {
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
