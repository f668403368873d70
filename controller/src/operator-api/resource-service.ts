/** nsgate.v1.ResourceService, and what PolicyService has of it. */
import {
  ResourceServiceService,
  type AddressSet as SetMessage,
  type ApplyResourcesRequest,
  type ApplyResourcesResponse,
  type BatchApplyPoliciesRequest,
  type BatchApplyPoliciesResponse,
  type Policy as PolicyMessage,
} from '@nsgate/proto';
import type { Caller } from '../rpc/caller';
import { offerService, type OfferedService } from '../rpc/service';
import { setMessage } from './address-set-message';
import { parseBatch, parsePolicyBatch } from './batch-request';
import { asOf } from './change-note';
import { policyMessage, specMessage } from './policy-message';
import { BatchWriter, type Batch, type BatchWriterOptions } from './resource-batch';

/** Offers changes of many resources at once to operators. */
export function resourceService(options: BatchWriterOptions): OfferedService {
  const writer = new BatchWriter(options);
  return offerService(ResourceServiceService, {
    applyResources: (request, { caller }) => applyResources(writer, request, caller),
  });
}

async function applyResources(
  writer: BatchWriter,
  request: ApplyResourcesRequest,
  caller: Caller,
): Promise<ApplyResourcesResponse> {
  return apply(writer, parseBatch(request), { request, caller });
}

export async function batchApplyPolicies(
  writer: BatchWriter,
  request: BatchApplyPoliciesRequest,
  caller: Caller,
): Promise<BatchApplyPoliciesResponse> {
  const { policies, revision } = await apply(writer, parsePolicyBatch(request), { request, caller });
  return { policies, revision };
}

interface Asked {
  readonly request: Pick<ApplyResourcesRequest, 'reason' | 'force' | 'validateOnly'>;
  readonly caller: Caller;
}

/** What would have been stored is told without what storing gives. */
async function apply(writer: BatchWriter, batch: Batch, asked: Asked): Promise<ApplyResourcesResponse> {
  const { reason, force, validateOnly } = asked.request;
  const written = await writer.write(batch, { ...asOf(asked.caller, reason), force, validateOnly });
  const policies = written.policies.map((one): PolicyMessage =>
    validateOnly ? specMessage(one) : policyMessage(one),
  );
  const addressSets = written.sets.map((one): SetMessage =>
    validateOnly ? { ...setMessage(one), uid: '', etag: '', revision: 0n } : setMessage(one),
  );
  return { policies, addressSets, revision: validateOnly ? 0n : written.revision };
}
