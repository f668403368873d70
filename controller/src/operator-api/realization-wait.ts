/** WaitForRealization: a stream that ends when a policy is enforced wherever it applies, or cannot be, or time is up. */
import { setTimeout } from 'node:timers/promises';
import { WaitOutcome, type WaitForRealizationRequest, type WaitForRealizationResponse } from '@nsgate/proto';
import type { RealizationSummary } from '../host-registry/host-registry';
import type { CallContext } from '../rpc/service';
import { Violations } from '../rpc/violations';
import { checkPolicyName, parseDuration } from './field-parsers';
import { realizationMessage } from './fleet-message';
import type { Sources } from './realization-queries';
import { notFound } from './resource-errors';

/** Reading a summary costs nothing: it is looked at so often. */
const LOOK_EVERY_MS = 20;
const MAX_FAILURES = 100;
const MAX_WAIT_MS = 24 * 3_600_000;

export async function* waitForRealization(
  { registry, store }: Sources,
  { policy, revision, timeout }: WaitForRealizationRequest,
  { signal }: CallContext,
): AsyncGenerator<WaitForRealizationResponse> {
  const violations = new Violations();
  checkPolicyName(policy, 'policy', violations);
  const limitMs = parseDuration(timeout, 'timeout', { minMs: 0, maxMs: MAX_WAIT_MS, violations });
  violations.throwIfAny();
  const stored = await store.get(policy);
  if (stored === undefined) throw notFound(policy);
  const wanted = revision === 0n ? stored.revision : revision;
  const end = performance.now() + (limitMs ?? Infinity);
  let told = '';
  while (!signal.aborted) {
    const summary = registry.summary(policy);
    if (summary.revision === 0n && (await store.get(policy)) === undefined) throw notFound(policy);
    const outcome =
      outcomeOf(summary, wanted) ??
      (performance.now() >= end ? WaitOutcome.WAIT_OUTCOME_TIMED_OUT : undefined);
    if (outcome !== undefined) {
      const failures = registry.realizations(
        { policy, state: 'failed' },
        { after: undefined, limit: MAX_FAILURES },
      );
      yield { ...progressOf(summary), done: true, outcome, failures: failures.map(realizationMessage) };
      return;
    }
    const progress = progressOf(summary);
    const text = Object.values(progress).join();
    if (text !== told) yield progress;
    told = text;
    await setTimeout(LOOK_EVERY_MS);
  }
}

/** Undefined while something is pending. A host that has refused the policy takes no more of it. */
function outcomeOf(summary: RealizationSummary, wanted: bigint): WaitOutcome | undefined {
  const { revision, behind, refusing, pending, failed } = summary;
  if (revision < wanted || pending > 0 || behind > refusing) return undefined;
  return failed > 0 ? WaitOutcome.WAIT_OUTCOME_FAILED : WaitOutcome.WAIT_OUTCOME_ENFORCED;
}

function progressOf({
  enforced,
  pending,
  failed,
  behind,
  hosts,
}: RealizationSummary): WaitForRealizationResponse {
  return {
    enforced: BigInt(enforced),
    pending: BigInt(pending),
    failed: BigInt(failed),
    done: false,
    outcome: WaitOutcome.WAIT_OUTCOME_UNSPECIFIED,
    hostsBehind: behind,
    failures: [],
    hosts,
  };
}
