/**
 * What a limited binding lets its holder change. Reading is not limited.
 *
 * A policy is within limits when, before and after the change, it bears the labels and its host selector cannot choose a host outside.
 * That a selector cannot is seen from the selector alone: for each label of the limit it must demand that very value. So the
 * selector `role=web, env in (a)` is within the limit {role: web}, and `role!=db` is not, whichever hosts there are today.
 */
import type { HostSelector, Labels } from '../model/selector';
import type { Binding } from './access-file';

/** What is about to be changed: how it stands, and how it will; undefined for what is not there. */
export type Change =
  | {
      readonly kind: 'policy';
      readonly before: LimitedPolicy | undefined;
      readonly after: LimitedPolicy | undefined;
    }
  | {
      readonly kind: 'address-set';
      readonly before: Labelled | undefined;
      readonly after: Labelled | undefined;
    }
  | { readonly kind: 'host'; readonly before: Labels | undefined; readonly after: Labels | undefined };

export interface Labelled {
  readonly labels: Labels;
}

export interface LimitedPolicy extends Labelled {
  readonly hostSelector: HostSelector;
}

type Limits = Pick<Binding, 'policyLabels' | 'hosts'>;

/** Why the change is outside of the limits; undefined when it is within. */
export function outsideLimits(limits: Limits, change: Change): string | undefined {
  switch (change.kind) {
    case 'policy':
      return firstOf([change.before, change.after], (policy) => outsideOfPolicy(limits, policy));
    case 'address-set':
      // Members reach every host of every policy that names the set.
      if (limits.hosts.size > 0) return 'a binding that is limited to hosts does not extend to address sets';
      return firstOf([change.before, change.after], ({ labels }) => lacks(labels, limits.policyLabels));
    case 'host':
      if (change.before === undefined && limits.hosts.size > 0)
        return 'a host that has not connected yet has no labels to judge by';
      return firstOf([change.before, change.after], (labels) => lacks(labels, limits.hosts));
  }
}

function firstOf<T>(
  states: readonly (T | undefined)[],
  judge: (state: T) => string | undefined,
): string | undefined {
  for (const state of states) {
    const why = state === undefined ? undefined : judge(state);
    if (why !== undefined) return why;
  }
  return undefined;
}

function outsideOfPolicy(limits: Limits, { labels, hostSelector }: LimitedPolicy): string | undefined {
  const lacking = lacks(labels, limits.policyLabels);
  if (lacking !== undefined) return lacking;
  for (const [key, value] of limits.hosts) {
    if (!demands(hostSelector, key, value)) return `its host selector does not demand ${key}=${value}`;
  }
  return undefined;
}

function lacks(labels: Labels, wanted: Labels): string | undefined {
  for (const [key, value] of wanted) {
    if (labels.get(key) !== value) return `it does not bear the label ${key}=${value}`;
  }
  return undefined;
}

function demands({ requirements }: HostSelector, key: string, value: string): boolean {
  return requirements.some((one) => {
    if (one.key !== key) return false;
    if (one.operator === 'equals') return one.value === value;
    return one.operator === 'in' && one.values.length > 0 && one.values.every((each) => each === value);
  });
}
