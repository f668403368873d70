/** nsgate.v1.PolicyService. */
import {
  Policy as PolicyMessage,
  PolicyServiceService,
  type CreatePolicyRequest,
  type DeletePolicyRequest,
  type PreviewPolicyRequest,
  type PreviewPolicyResponse,
  type RollbackPolicyRequest,
  type UpdatePolicyRequest,
  type WatchPoliciesRequest,
  type WatchPoliciesResponse,
} from '@nsgate/proto';
import type { Logger } from 'pino';
import type { HostRegistry } from '../host-registry/host-registry';
import type { Policy, PolicySpec } from '../model/policy';
import { isPolicyId, POLICY_ID_FORM } from '../model/resource-name';
import { WatchEnded, type PolicyStore } from '../policy-store/policy-store';
import type { Caller } from '../rpc/caller';
import { offerService, type CallContext, type OfferedService } from '../rpc/service';
import { quote, Violations } from '../rpc/violations';
import { asOf } from './change-note';
import type { Failsafe } from './failsafe';
import { checkPolicyName, checkText } from './field-parsers';
import { diffRevisions, getRevision, listRevisions, rolledBack } from './policy-history';
import { listPolicies } from './policy-lister';
import { policyMessage, specMessage, watchMessage } from './policy-message';
import { previewPolicy } from './policy-preview';
import { readPolicy } from './policy-reader';
import { PolicyWriter, type Written } from './policy-writer';
import { BatchWriter } from './resource-batch';
import { notFound } from './resource-errors';
import { batchApplyPolicies } from './resource-service';
import { applyMask, parseMask } from './update-mask';
import { watchError } from './watch-error';

/** The least that is valid, but for its name. */
const EVERYWHERE = PolicyMessage.create({ namespaces: { include: ['*'] } });

export interface PolicyServiceOptions {
  readonly store: PolicyStore;
  readonly registry: HostRegistry;
  readonly failsafe: Failsafe;
  readonly logger: Logger;
}

/** Offers the policies in the store to operators. */
export function policyService(options: PolicyServiceOptions): OfferedService {
  const { store, failsafe, logger } = options;
  const writer = new PolicyWriter(store, failsafe, logger);
  const batches = new BatchWriter(options);
  return offerService(PolicyServiceService, {
    createPolicy: (request, { caller }) => createPolicy(writer, request, caller),
    getPolicy: ({ name }) => getPolicy(store, name),
    listPolicies: (request) => listPolicies(options, request),
    updatePolicy: (request, { caller }) => updatePolicy(writer, request, caller),
    deletePolicy: (request, { caller }) => deletePolicy(writer, request, caller),
    watchPolicies: (request, context) => watchPolicies(store, request, context),
    batchApplyPolicies: (request, { caller }) => batchApplyPolicies(batches, request, caller),
    listPolicyRevisions: (request) => listRevisions(store, request),
    getPolicyRevision: (request) => getRevision(store, request),
    diffPolicyRevisions: (request) => diffRevisions(store, request),
    rollbackPolicy: (request, { caller }) => rollback({ store, writer }, request, caller),
    previewPolicy: (request) => preview(options, request),
  });
}

async function createPolicy(
  writer: PolicyWriter,
  { policyId, policy, reason, validateOnly, force }: CreatePolicyRequest,
  caller: Caller,
): Promise<PolicyMessage> {
  const violations = new Violations();
  checkText(reason, 'reason', violations);
  const name = createdName({ policyId, policy }, violations);
  const spec = parseMessage(policy && { ...policy, name }, violations);
  return answer(await writer.create(spec, { ...asOf(caller, reason), validateOnly, force }));
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

async function updatePolicy(
  writer: PolicyWriter,
  { policy, updateMask, allowMissing, validateOnly, reason, force }: UpdatePolicyRequest,
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
  const etag = policy?.etag ?? '';
  const options = { ...asOf(caller, reason), validateOnly, allowMissing, force, etag };
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
  await writer.remove(name, { etag, allowMissing, validateOnly, ...asOf(caller, reason) });
  return {};
}

async function rollback(
  { store, writer }: { store: PolicyStore; writer: PolicyWriter },
  request: RollbackPolicyRequest,
  caller: Caller,
): Promise<PolicyMessage> {
  const { name, revision, etag, validateOnly, force, reason } = request;
  const spec = await rolledBack(store, request);
  const as = asOf(caller, reason === '' ? `rolled back to revision ${revision}` : reason);
  return answer(
    await writer.update(name, () => spec, { ...as, validateOnly, force, etag, allowMissing: true }),
  );
}

async function preview(
  options: PolicyServiceOptions,
  { policy }: PreviewPolicyRequest,
): Promise<PreviewPolicyResponse> {
  const spec = parseMessage(policy, new Violations());
  return previewPolicy(options, spec, await options.store.get(spec.name));
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
    for await (const event of watch) {
      const message = watchMessage(event);
      if (message !== undefined) yield message;
    }
  } catch (error) {
    throw error instanceof WatchEnded ? watchError(error, afterRevision) : error;
  } finally {
    watch.close();
  }
}

/** Reads the policy of a request; throws INVALID_ARGUMENT for everything that was found wrong with the request. */
function parseMessage(policy: PolicyMessage | undefined, violations: Violations): PolicySpec {
  if (policy === undefined) {
    violations.add('policy', 'is required');
    throw violations.toError();
  }
  const spec = readPolicy(policy, 'policy', violations);
  violations.throwIfAny();
  return spec;
}

function answer(written: Written): PolicyMessage {
  return written.kind === 'stored' ? policyMessage(written.policy) : specMessage(written.spec);
}
