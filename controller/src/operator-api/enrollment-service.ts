/** nsgate.v1.EnrollmentService. */
import { status } from '@grpc/grpc-js';
import {
  EnrollmentServiceService,
  RpcError,
  type CreateEnrollmentTokenRequest,
  type CreateEnrollmentTokenResponse,
  type EnrollResponse,
  type RevokeHostRequest,
} from '@nsgate/proto';
import type { AgentHub } from '../agent-stream/agent-hub';
import type { Enrolled, EnrolmentDesk } from '../enrolment/enrolment-desk';
import type { EnrolmentRecords } from '../enrolment/enrolment-records';
import type { HostRegistry } from '../host-registry/host-registry';
import { hostIdOf, isHostId } from '../model/resource-name';
import type { Labels } from '../model/selector';
import type { Caller } from '../rpc/caller';
import { hostRevoked } from '../rpc/gatekeeper';
import { offerService, type OfferedService } from '../rpc/service';
import { Violations } from '../rpc/violations';
import { checkHostName, checkText } from './field-parsers';

export interface EnrollmentServiceOptions {
  readonly desk: EnrolmentDesk;
  readonly records: EnrolmentRecords;
  readonly registry: HostRegistry;
  readonly hub: Pick<AgentHub, 'cut'>;
}

const DEFAULT_TTL_S = 3600;
const MAX_TTL_S = 7 * 86_400;

/** Offers enrolment to operators, to agents that have a token, and to those that have a certificate. */
export function enrollmentService(options: EnrollmentServiceOptions): OfferedService {
  const { desk } = options;
  return offerService(EnrollmentServiceService, {
    createEnrollmentToken: async (request, { caller }) =>
      Promise.resolve(createToken(options, request, caller)),
    enroll: async ({ token, hostId, certificateRequest }, { caller }) => {
      if (!isHostId(hostId)) throw badToken();
      return given(await desk.enrol({ token, host: hostId, request: certificateRequest }, caller.peer));
    },
    renewCertificate: async ({ certificateRequest }, { caller }) =>
      given(await desk.renew(caller.id, certificateRequest, () => caller.demandStanding())),
    revokeHost: async (request, { caller }) => Promise.resolve(revokeHost(options, request, caller)),
  });
}

function createToken(
  { desk, registry }: EnrollmentServiceOptions,
  { host, ttl }: CreateEnrollmentTokenRequest,
  caller: Caller,
): CreateEnrollmentTokenResponse {
  const violations = new Violations();
  checkHostName(host, 'host', violations);
  const seconds = ttl === undefined ? DEFAULT_TTL_S : Number(ttl.seconds) + ttl.nanos / 1e9;
  if (!(seconds >= 1 && seconds <= MAX_TTL_S)) violations.add('ttl', 'is not 1 s to 7 days');
  violations.throwIfAny();
  const id = hostIdOf(host) ?? '';
  permitHost(registry, id, caller);
  const created = desk.createToken(id, seconds * 1000);
  if (created === undefined) throw noAuthority();
  return { token: created.token, expireTime: created.expires };
}

function revokeHost(
  { records, registry, hub }: EnrollmentServiceOptions,
  { host, reason }: RevokeHostRequest,
  caller: Caller,
): object {
  const violations = new Violations();
  checkHostName(host, 'host', violations);
  checkText(reason, 'reason', violations);
  violations.throwIfAny();
  const id = hostIdOf(host) ?? '';
  permitHost(registry, id, caller);
  records.revoke(id);
  hub.cut(id, hostRevoked(id));
  return {};
}

/** It stays what it is; what changes is who can speak for it. */
function permitHost(registry: HostRegistry, id: string, { permit }: Caller): void {
  const labels: Labels | undefined = registry.get(id)?.labels;
  permit.host(`hosts/${id}`, labels, labels);
}

function given(enrolled: Enrolled): EnrollResponse {
  switch (enrolled.outcome) {
    case 'signed':
      return { certificate: enrolled.certificate, authority: enrolled.authority };
    case 'bad-token':
      throw badToken();
    case 'too-many-tries':
      throw new RpcError(
        status.RESOURCE_EXHAUSTED,
        'too many tries with tokens that are not good: wait a minute',
      );
    case 'bad-request':
      throw RpcError.invalidArgument([{ field: 'certificate_request', description: enrolled.why }]);
    case 'no-authority':
      throw noAuthority();
  }
}

function badToken(): RpcError {
  return new RpcError(
    status.UNAUTHENTICATED,
    'the token is not good for this host, or no longer: create another',
  );
}

function noAuthority(): RpcError {
  const message =
    'this controller has no CA to sign with: start it with --tls-names (a CA of its own) or --ca-key (of --tls-ca)';
  return new RpcError(status.FAILED_PRECONDITION, message, {
    reason: { reason: 'NO_AUTHORITY', metadata: {} },
  });
}
