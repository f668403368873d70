/** The stored form of a policy: JSON, with its maps as lists of pairs. */
import type { PolicySpec } from '../model/policy';

type StoredSpec = Omit<PolicySpec, 'labels'> & { readonly labels: readonly (readonly [string, string])[] };

export function policyToJson(spec: PolicySpec): string {
  const { name, description, hostSelector, namespaces, priority, rules, defaultVerdicts } = spec;
  const stored: StoredSpec = {
    name,
    description,
    labels: [...spec.labels],
    hostSelector,
    namespaces,
    priority,
    rules,
    defaultVerdicts,
  };
  return JSON.stringify(stored);
}

/** Only ever reads what policyToJson wrote. */
export function policyFromJson(json: string): PolicySpec {
  const stored = JSON.parse(json) as StoredSpec;
  return { ...stored, labels: new Map(stored.labels) };
}
