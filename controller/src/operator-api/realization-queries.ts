/** Where policies stand: one by one, and added up. */
import {
  RealizationState,
  type ListRealizationsRequest,
  type ListRealizationsResponse,
  type ListRealizationSummariesRequest,
  type ListRealizationSummariesResponse,
  type RealizationSummary as SummaryMessage,
} from '@nsgate/proto';
import type { HostRegistry, RealizationSummary } from '../host-registry/host-registry';
import type { RealizationKey } from '../host-registry/realization-table';
import type { Realization } from '../model/host';
import { hostIdOf } from '../model/resource-name';
import type { PolicyStore } from '../policy-store/policy-store';
import { Violations } from '../rpc/violations';
import { checkHostName, checkPolicyName, unknownEnum } from './field-parsers';
import { REALIZATION_STATES, realizationMessage } from './fleet-message';
import { cutPage, pageTokenAfter, parsePage } from './page';
import { notFound } from './resource-errors';

export interface Sources {
  readonly registry: HostRegistry;
  readonly store: PolicyStore;
}

export async function getSummary({ registry, store }: Sources, policy: string): Promise<SummaryMessage> {
  const violations = new Violations();
  checkPolicyName(policy, 'policy', violations);
  violations.throwIfAny();
  if ((await store.get(policy)) === undefined) throw notFound(policy);
  return summaryMessage(registry.summary(policy));
}

export async function listSummaries(
  { registry, store }: Sources,
  request: ListRealizationSummariesRequest,
): Promise<ListRealizationSummariesResponse> {
  const violations = new Violations();
  const list = 'summaries';
  const { size, after } = parsePage(request, list, violations);
  violations.throwIfAny();
  const name = after?.[0];
  const { policies, more } = await store.list({
    limit: size,
    ...(name !== undefined && { after: { value: 0, name } }),
  });
  const last = more ? policies.at(-1) : undefined;
  return {
    summaries: policies.map((policy) => summaryMessage(registry.summary(policy.name))),
    nextPageToken: last === undefined ? '' : pageTokenAfter([last.name], list),
  };
}

function summaryMessage(summary: RealizationSummary): SummaryMessage {
  const { policy, revision, hosts, behind, absent } = summary;
  return {
    policy,
    revision,
    hosts,
    hostsBehind: behind,
    hostsAbsent: absent,
    enforced: BigInt(summary.enforced),
    pending: BigInt(summary.pending),
    failed: BigInt(summary.failed),
  };
}

export function listRealizations(
  registry: HostRegistry,
  request: ListRealizationsRequest,
): ListRealizationsResponse {
  const violations = new Violations();
  const list = `realizations of ${request.policy} on ${request.host} in ${request.state}`;
  if (request.policy !== '') checkPolicyName(request.policy, 'policy', violations);
  if (request.host !== '') checkHostName(request.host, 'host', violations);
  const states = parseState(request.state, violations);
  const { size, after } = parsePage(request, list, violations);
  violations.throwIfAny();
  const filter = {
    policy: request.policy || undefined,
    hostId: hostIdOf(request.host),
    state: states.wanted,
  };
  const found = states.nothing
    ? []
    : registry.realizations(filter, { after: realizationKey(after), limit: size + 1 });
  const keyOf = ({ policy, hostId, namespace }: Realization): RealizationKey => [policy, hostId, namespace];
  const { page, nextPageToken } = cutPage(found, { size, list, keyOf });
  return { realizations: page.map(realizationMessage), nextPageToken };
}

/** `nothing`: the list has no entry in that state. */
function parseState(
  state: RealizationState,
  violations: Violations,
): { wanted?: Realization['status']['state']; nothing: boolean } {
  if (state === RealizationState.REALIZATION_STATE_UNSPECIFIED) return { nothing: false };
  if (state === RealizationState.REALIZATION_STATE_ABSENT) return { nothing: true };
  const words = Object.keys(REALIZATION_STATES) as (keyof typeof REALIZATION_STATES)[];
  const wanted = words.find((word) => REALIZATION_STATES[word] === state);
  if (wanted === undefined) violations.add('state', unknownEnum('a state', state));
  return { wanted, nothing: false };
}

function realizationKey(after: readonly string[] | undefined): RealizationKey | undefined {
  return after && [after[0] ?? '', after[1] ?? '', after[2] ?? ''];
}
