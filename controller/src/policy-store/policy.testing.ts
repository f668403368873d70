/** Policies to store in tests. */
import type { PolicyOrigin, PolicySpec } from '../model/policy';

export const NOTE = { author: 'operator/test', reason: 'a test' };

export function policy(
  id: string,
  fields: Partial<PolicySpec & PolicyOrigin> = {},
): PolicySpec & PolicyOrigin {
  return {
    name: `policies/${id}`,
    description: '',
    labels: new Map(),
    hostSelector: { requirements: [] },
    namespaces: { include: ['*'], exclude: [] },
    tier: 'default',
    priority: 0,
    rules: [],
    defaultVerdicts: [],
    uid: `uid-of-${id}`,
    createTime: new Date(1000),
    updateTime: new Date(2000),
    ...fields,
  };
}
