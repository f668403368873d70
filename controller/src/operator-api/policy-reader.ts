/** A policy of a request: parsed, and held to what a message may take. */
import { Policy as PolicyMessage } from '@nsgate/proto';
import type { PolicySpec } from '../model/policy';
import type { Violations } from '../rpc/violations';
import { MAX_POLICY_BYTES } from './policy-lister';
import { specMessage } from './policy-message';
import { parsePolicy } from './policy-parser';

export function readPolicy(policy: PolicyMessage, field: string, violations: Violations): PolicySpec {
  const spec = parsePolicy(policy, field, violations);
  const bytes = violations.any ? 0 : PolicyMessage.encode(specMessage(spec)).finish().length;
  if (bytes > MAX_POLICY_BYTES) violations.add(field, `takes ${bytes} bytes; at most ${MAX_POLICY_BYTES}`);
  return spec;
}
