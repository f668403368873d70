/** Choosing hosts by labels (proto/nsgate/v1/policy.proto, HostSelector). */

export type Labels = ReadonlyMap<string, string>;

/** One condition on a label of a host. */
export type LabelRequirement =
  | { readonly operator: 'equals' | 'not-equals'; readonly key: string; readonly value: string }
  | { readonly operator: 'in' | 'not-in'; readonly key: string; readonly values: readonly string[] }
  | { readonly operator: 'exists' | 'does-not-exist'; readonly key: string };

/** Every requirement must hold; none chooses every host. */
export interface HostSelector {
  readonly requirements: readonly LabelRequirement[];
}

/** An include must match and no exclude may; each is a name or a glob. */
export interface NamespaceSelector {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Whether the selector chooses a host with these labels. */
export function selectsHost(selector: HostSelector, labels: Labels): boolean {
  return selector.requirements.every((requirement) => holds(requirement, labels.get(requirement.key)));
}

function holds(requirement: LabelRequirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'equals':
      return value === requirement.value;
    case 'not-equals':
      return value !== requirement.value;
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'not-in':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'does-not-exist':
      return value === undefined;
  }
}
