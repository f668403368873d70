/** From the model to the messages of the policy service. */
import { createHash } from 'node:crypto';
import {
  LabelOperator,
  Policy as PolicyMessage,
  type LabelRequirement as LabelRequirementMessage,
  type WatchPoliciesResponse,
} from '@nsgate/proto';
import { ACTIONS, HOOKS, TIER_NAMES } from '../compiler/wire-enums';
import type { Policy, PolicySpec } from '../model/policy';
import type { LabelRequirement } from '../model/selector';
import type { WatchEvent } from '../policy-store/policy-store';
import { ruleMessage } from './rule-message';

/** Made once: a page has a thousand policies. */
const EMPTY = PolicyMessage.create();

/** A policy as it stands in the store. */
export function policyMessage(policy: Policy): PolicyMessage {
  const { uid, revision, createTime, updateTime } = policy;
  return { ...specMessage(policy), uid, revision, createTime, updateTime, etag: policyEtag(policy) };
}

/** What operators write of a policy; fields that the controller gives stay empty. */
export function specMessage(spec: PolicySpec): PolicyMessage {
  const { requirements } = spec.hostSelector;
  return {
    ...EMPTY,
    name: spec.name,
    description: spec.description,
    labels: Object.fromEntries(spec.labels),
    hostSelector:
      requirements.length > 0 ? { requirements: requirements.map(requirementMessage) } : undefined,
    namespaces: { include: [...spec.namespaces.include], exclude: [...spec.namespaces.exclude] },
    tier: TIER_NAMES.toWire(spec.tier),
    priority: spec.priority,
    rules: spec.rules.map(ruleMessage),
    defaultVerdicts: spec.defaultVerdicts.map(({ hook, verdict, log }) => ({
      hook: HOOKS.toWire(hook),
      verdict: ACTIONS.toWire(verdict),
      log: log && { ...log },
    })),
  };
}

/** Opaque to clients: another for every stored change of every policy that ever had the name. */
export function policyEtag({ uid, revision }: Pick<Policy, 'uid' | 'revision'>): string {
  return createHash('sha256').update(`${uid}/${revision}`).digest('base64url').slice(0, 16);
}

/**
 * `revision` is 0 where a watch that ended there could not resume: before a snapshot is whole. (What a resumed watch
 * catches up with comes in order of revision, and may be resumed from anywhere.) Undefined for what is not about policies.
 */
export function watchMessage(event: WatchEvent): WatchPoliciesResponse | undefined {
  switch (event.kind) {
    case 'snapshot':
      return { event: { $case: 'policy', value: policyMessage(event.policy) }, revision: 0n };
    case 'put':
      return { event: { $case: 'policy', value: policyMessage(event.policy) }, revision: event.revision };
    case 'removed':
      return {
        event: { $case: 'removal', value: { name: event.name, uid: event.uid } },
        revision: event.revision,
      };
    case 'in-sync':
      return { event: { $case: 'inSync', value: {} }, revision: event.revision };
    case 'set-snapshot':
    case 'set-put':
    case 'set-removed':
      return undefined;
  }
}

const OPERATORS: Record<LabelRequirement['operator'], LabelOperator> = {
  equals: LabelOperator.LABEL_OPERATOR_EQUALS,
  'not-equals': LabelOperator.LABEL_OPERATOR_NOT_EQUALS,
  in: LabelOperator.LABEL_OPERATOR_IN,
  'not-in': LabelOperator.LABEL_OPERATOR_NOT_IN,
  exists: LabelOperator.LABEL_OPERATOR_EXISTS,
  'does-not-exist': LabelOperator.LABEL_OPERATOR_DOES_NOT_EXIST,
};

function requirementMessage(requirement: LabelRequirement): LabelRequirementMessage {
  const { operator, key } = requirement;
  const values =
    'value' in requirement ? [requirement.value] : 'values' in requirement ? requirement.values : [];
  return { key, operator: OPERATORS[operator], values: [...values] };
}
