/** nsgate.v1.PolicyService. */
import { status } from '@grpc/grpc-js';
import {
  Policy as PolicyMessage,
  PolicyServiceService,
  RpcError,
  type CreatePolicyRequest,
  type DeletePolicyRequest,
  type ListPoliciesRequest,
  type ListPoliciesResponse,
  type UpdatePolicyRequest,
  type WatchPoliciesRequest,
  type WatchPoliciesResponse,
} from '@nsgate/proto';
import type { Logger } from 'pino';
import type { Policy, PolicySpec } from '../model/policy';
import { isPolicyId, POLICY_ID_FORM } from '../model/resource-name';
import { WatchEnded, type ChangeNote, type PolicyStore } from '../policy-store/policy-store';
import type { Caller } from '../rpc/caller';
import { offerService, stoppingError, type CallContext, type OfferedService } from '../rpc/service';
import { quote, Violations } from '../rpc/violations';
import { checkPolicyName, checkText } from './field-parsers';
import { pageTokenAfter, parsePage } from './page';
import { policyMessage, specMessage, watchMessage } from './policy-message';
import { parsePolicy } from './policy-parser';
import { notFound, PolicyWriter, type Written } from './policy-writer';
import { applyMask, parseMask } from './update-mask';

/** Clients take 4 MiB by default; one policy, and any page of several, stays below. */
const MAX_POLICY_BYTES = 3 << 20;

/** The least that is valid, but for its name. */
const EVERYWHERE = PolicyMessage.create({ namespaces: { include: ['*'] } });

/** Offers the policies in `store` to operators. */
export function policyService(store: PolicyStore, logger: Logger): OfferedService {
  const writer = new PolicyWriter(store, logger);
  return offerService(PolicyServiceService, 'operator', {
    createPolicy: (request, { caller }) => createPolicy(writer, request, caller),
    getPolicy: ({ name }) => getPolicy(store, name),
    listPolicies: (request) => listPolicies(store, request),
    updatePolicy: (request, { caller }) => updatePolicy(writer, request, caller),
    deletePolicy: (request, { caller }) => deletePolicy(writer, request, caller),
    watchPolicies: (request, context) => watchPolicies(store, request, context),
  });
}

async function createPolicy(
  writer: PolicyWriter,
  { policyId, policy, reason, validateOnly }: CreatePolicyRequest,
  caller: Caller,
): Promise<PolicyMessage> {
  const violations = new Violations();
  checkText(reason, 'reason', violations);
  const name = createdName({ policyId, policy }, violations);
  const spec = parseMessage(policy && { ...policy, name }, violations);
  return answer(await writer.create(spec, { note: noteOf(caller, reason), validateOnly }));
}

/** The name that policy_id and policy.name, of which one suffices, agree on. */
function createdName(
  { policyId, policy }: Pick<CreatePolicyRequest, 'policyId' | 'policy'>,
  violations: Violations,
): string {
  const given = policy?.name ?? '';
  if (policyId === '') return given;
  const name = `policies/${policyId}`;
  if (!isPolicyId(policyId)) {
    violations.add('policy_id', `${quote(policyId)} is not ${POLICY_ID_FORM}`);
    return given === '' ? 'policies/unnamed' : given;
  }
  if (given !== '' && given !== name) {
    violations.add('policy_id', `says ${name}, and policy.name says ${quote(given)}`);
  }
  return name;
}

async function getPolicy(store: PolicyStore, name: string): Promise<PolicyMessage> {
  const violations = new Violations();
  checkPolicyName(name, 'name', violations);
  violations.throwIfAny();
  const policy = await store.get(name);
  if (policy === undefined) throw notFound(name);
  return policyMessage(policy);
}

async function listPolicies(store: PolicyStore, request: ListPoliciesRequest): Promise<ListPoliciesResponse> {
  const violations = new Violations();
  const { size, after } = parsePage(request, 'policies', violations);
  violations.throwIfAny();
  const { revision, policies, more } = await store.list({
    after: after?.[0],
    limit: size,
    maxBytes: MAX_POLICY_BYTES,
  });
  const last = more ? policies.at(-1) : undefined;
  return {
    policies: policies.map(policyMessage),
    nextPageToken: last === undefined ? '' : pageTokenAfter([last.name], 'policies'),
    revision,
  };
}

async function updatePolicy(
  writer: PolicyWriter,
  { policy, updateMask, allowMissing, validateOnly, reason }: UpdatePolicyRequest,
  caller: Caller,
): Promise<PolicyMessage> {
  const violations = new Violations();
  checkText(reason, 'reason', violations);
  const mask = parseMask(updateMask, violations);
  // What the request itself brings is judged as one, before what stands in the store is asked.
  const brought = policy && applyMask({ ...EVERYWHERE, name: policy.name }, policy, mask);
  const { name } = parseMessage(brought, violations);
  const change = (current: Policy | undefined): PolicySpec =>
    parseMessage(policy && applyMask(current && specMessage(current), policy, mask), new Violations());
  const options = { note: noteOf(caller, reason), validateOnly, allowMissing, etag: policy?.etag ?? '' };
  return answer(await writer.update(name, change, options));
}

async function deletePolicy(
  writer: PolicyWriter,
  { name, etag, allowMissing, validateOnly, reason }: DeletePolicyRequest,
  caller: Caller,
): Promise<object> {
  const violations = new Violations();
  checkPolicyName(name, 'name', violations);
  checkText(reason, 'reason', violations);
  violations.throwIfAny();
  await writer.remove(name, { etag, allowMissing, validateOnly, note: noteOf(caller, reason) });
  return {};
}

async function* watchPolicies(
  store: PolicyStore,
  { afterRevision }: WatchPoliciesRequest,
  { signal }: CallContext,
): AsyncGenerator<WatchPoliciesResponse> {
  const watch = store.watch(afterRevision === 0n ? {} : { afterRevision });
  signal.addEventListener('abort', () => watch.close(), { once: true });
  if (signal.aborted) watch.close();
  try {
    for await (const event of watch) yield watchMessage(event);
  } catch (error) {
    throw error instanceof WatchEnded ? watchError(error, afterRevision) : error;
  } finally {
    watch.close();
  }
}

function watchError({ why }: WatchEnded, afterRevision: bigint): RpcError {
  switch (why) {
    case 'compacted':
      return new RpcError(
        status.OUT_OF_RANGE,
        `changes after revision ${afterRevision} are not held: watch again without after_revision`,
        { reason: { reason: 'REVISION_NOT_HELD', metadata: { revision: String(afterRevision) } } },
      );
    case 'too-slow':
      return new RpcError(
        status.RESOURCE_EXHAUSTED,
        'the watcher read too slowly: watch again after the last revision that it has seen',
        { reason: { reason: 'WATCHER_TOO_SLOW', metadata: {} } },
      );
    case 'store-closed':
      return stoppingError();
  }
}

/** Reads the policy of a request; throws INVALID_ARGUMENT for everything that was found wrong with the request. */
function parseMessage(policy: PolicyMessage | undefined, violations: Violations): PolicySpec {
  if (policy === undefined) {
    violations.add('policy', 'is required');
    throw violations.toError();
  }
  const spec = parsePolicy(policy, 'policy', violations);
  const bytes = PolicyMessage.encode(specMessage(spec)).finish().length;
  if (bytes > MAX_POLICY_BYTES) {
    violations.add('policy', `takes ${bytes} bytes; at most ${MAX_POLICY_BYTES}`);
  }
  violations.throwIfAny();
  return spec;
}

function answer(written: Written): PolicyMessage {
  return written.kind === 'stored' ? policyMessage(written.policy) : specMessage(written.spec);
}

function noteOf(caller: Caller, reason: string): ChangeNote {
  return { author: `${caller.kind}/${caller.id}`, reason };
}
