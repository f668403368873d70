/** Makes the audit log's record of a call. */
import { status } from '@grpc/grpc-js';
import type { RpcError } from '@nsgate/proto';
import type { MethodRule } from '../access/method-rules';
import type { AuditedResource } from '../audit/audit-entry';
import type { AuditLog } from '../audit/audit-log';
import { RefusalMeter } from '../audit/refusal-meter';
import { principalName, type Principal } from '../identity/principal';
import { withoutSecrets } from '../identity/without-secrets';
import { peerAddress } from './peer-identity';

export interface RecordedCall {
  readonly path: string;
  readonly request: unknown;
  readonly peer: string;
  readonly principal: Principal;
}

export interface EndedCall extends RecordedCall {
  readonly rule: MethodRule;
  readonly error: RpcError | undefined;
  readonly resources: readonly AuditedResource[];
}

/** Refused for who the caller is, or for how much he wants: on record whatever the method does. */
const REFUSALS: ReadonlySet<status> = new Set([
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.RESOURCE_EXHAUSTED,
]);
const REFUSALS_AT_ONCE = 20;
const REFUSAL_EVERY_MS = 1000;
const MAX_NAMES = 20;
const MAX_TEXT = 256;

export class CallRecorder {
  readonly #refusals = new RefusalMeter({ burst: REFUSALS_AT_ONCE, everyMs: REFUSAL_EVERY_MS });

  constructor(private readonly log: AuditLog) {}

  /** It was not let in. */
  refused(call: RecordedCall & { readonly error: RpcError }): void {
    this.#append(call, namedIn(call.request).map(unchanged), call.error);
  }

  /** It was let in, and is over. */
  ended({ rule, resources, error, ...call }: EndedCall): void {
    if (!rule.audited && (error === undefined || !REFUSALS.has(error.code))) return;
    this.#append(call, resources.length > 0 ? resources : namedIn(call.request).map(unchanged), error);
  }

  #append(call: RecordedCall, resources: readonly AuditedResource[], error: RpcError | undefined): void {
    const unwritten = error === undefined ? 0 : this.#refusals.take(meteredBy(call));
    if (unwritten === undefined) return;
    const { reason, validateOnly } = asked(call.request);
    const why = error === undefined ? reason : error.message;
    const record = {
      principal: principalName(call.principal),
      method: call.path.slice(1),
      peer: call.peer,
      resources,
      result: status[error?.code ?? status.OK],
      reason:
        unwritten === 0
          ? bounded(why)
          : `${bounded(why)} (${unwritten} refusals of this peer before it are not written)`,
      validateOnly,
    };
    this.log.append(record, { durable: error === undefined });
  }
}

/** Who has proved who he is answers for himself alone. */
function meteredBy({ principal, peer }: RecordedCall): string {
  return principal.kind === 'anonymous' ? peerAddress(peer) : principalName(principal);
}

function unchanged(name: string): AuditedResource {
  return { name, before: '', after: '' };
}

function asked(request: unknown): { reason: string; validateOnly: boolean } {
  const { reason, validateOnly } = (request ?? {}) as Record<string, unknown>;
  return { reason: typeof reason === 'string' ? reason : '', validateOnly: validateOnly === true };
}

/** The resources that a request names, in the fields that requests of nsgate.v1 have for it. */
function namedIn(request: unknown): string[] {
  if (typeof request !== 'object' || request === null) return [];
  const fields = request as Record<string, unknown>;
  const { name, host, policy, addressSet, parent, policies, deleteNames } = fields;
  const single = [name, host, policy, addressSet, parent].map(nameOf);
  const lists = [policies, deleteNames].flatMap((list): unknown[] => (Array.isArray(list) ? list : []));
  const ids = [
    ['policies', fields.policyId],
    ['addressSets', fields.addressSetId],
    ['hosts', fields.hostId],
  ].flatMap(([collection, id]) =>
    typeof id === 'string' && id !== '' ? [`${String(collection)}/${id}`] : [],
  );
  const found = [...single, ...lists.slice(0, MAX_NAMES).map(nameOf), ...ids].filter((one) => one !== '');
  return [...new Set(found.slice(0, MAX_NAMES).map(bounded))];
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { name } = (value ?? {}) as Record<string, unknown>;
  return typeof name === 'string' ? name : '';
}

/** Without a token that somebody has put in the wrong place: the record is kept, copied and watched. */
function bounded(given: string): string {
  const text = withoutSecrets(given);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
