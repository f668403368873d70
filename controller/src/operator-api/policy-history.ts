/** The versions of policies: listed, read, compared, and brought back. */
import type {
  DiffPolicyRevisionsRequest,
  DiffPolicyRevisionsResponse,
  GetPolicyRevisionRequest,
  ListPolicyRevisionsRequest,
  ListPolicyRevisionsResponse,
  PolicyRevision,
  RollbackPolicyRequest,
} from '@nsgate/proto';
import type { PolicySpec } from '../model/policy';
import type { PolicyStore, PolicyVersion } from '../policy-store/policy-store';
import { Violations } from '../rpc/violations';
import { checkPolicyName, checkRevision, checkText } from './field-parsers';
import { pageTokenAfter, parsePage } from './page';
import { diffPolicies } from './policy-diff';
import { policyMessage } from './policy-message';
import { notFound } from './resource-errors';

export async function listRevisions(
  store: PolicyStore,
  request: ListPolicyRevisionsRequest,
): Promise<ListPolicyRevisionsResponse> {
  const violations = new Violations();
  const list = `revisions of ${request.name}`;
  checkPolicyName(request.name, 'name', violations);
  const { size, after } = parsePage(request, list, violations);
  violations.throwIfAny();
  const before = after === undefined ? undefined : BigInt(after[0] ?? 0);
  const found = await store.history({ name: request.name, limit: size + 1, ...(before && { before }) });
  if (found.length === 0 && before === undefined) throw notFound(`version of ${request.name}`);
  const page = found.slice(0, size);
  const last = found.length > size ? page.at(-1) : undefined;
  return {
    revisions: page.map(revisionMessage),
    nextPageToken: last === undefined ? '' : pageTokenAfter([String(last.revision)], list),
  };
}

export async function getRevision(
  store: PolicyStore,
  { name, revision }: GetPolicyRevisionRequest,
): Promise<PolicyRevision> {
  const violations = new Violations();
  checkPolicyName(name, 'name', violations);
  checkRevision(revision, 'revision', violations);
  violations.throwIfAny();
  return revisionMessage(await heldVersion(store, name, revision));
}

export async function diffRevisions(
  store: PolicyStore,
  { name, fromRevision, toRevision }: DiffPolicyRevisionsRequest,
): Promise<DiffPolicyRevisionsResponse> {
  const violations = new Violations();
  checkPolicyName(name, 'name', violations);
  checkRevision(fromRevision, 'from_revision', violations);
  violations.throwIfAny();
  const before = await heldVersion(store, name, fromRevision);
  const after =
    toRevision === 0n ? await store.get(name) : (await heldVersion(store, name, toRevision)).policy;
  return { changes: diffPolicies(before.policy, after) };
}

/** What to store again. */
export async function rolledBack(
  store: PolicyStore,
  { name, revision, reason }: RollbackPolicyRequest,
): Promise<PolicySpec> {
  const violations = new Violations();
  checkPolicyName(name, 'name', violations);
  checkRevision(revision, 'revision', violations);
  checkText(reason, 'reason', violations);
  violations.throwIfAny();
  const { policy } = await heldVersion(store, name, revision);
  if (policy === undefined) throw notFound(`policy in version ${revision} of ${name}: there it was removed`);
  const { description, labels, hostSelector, namespaces, tier, priority, rules, defaultVerdicts } = policy;
  return { name, description, labels, hostSelector, namespaces, tier, priority, rules, defaultVerdicts };
}

async function heldVersion(store: PolicyStore, name: string, revision: bigint): Promise<PolicyVersion> {
  const version = await store.version(name, revision);
  if (version === undefined) throw notFound(`version ${revision} of ${name}`);
  return version;
}

function revisionMessage({ policy, note, revision, time }: PolicyVersion): PolicyRevision {
  return {
    policy: policy && policyMessage(policy),
    author: note.author,
    reason: note.reason,
    revision,
    time,
    removed: policy === undefined,
  };
}
