/** From the selector messages to the model, as in policy-parser.ts. */
import {
  LabelOperator,
  type HostSelector as HostSelectorMessage,
  type LabelRequirement as LabelRequirementMessage,
  type NamespaceSelector as NamespaceSelectorMessage,
} from '@nsgate/proto';
import { isLabelKey, isLabelValue, LABEL_KEY_FORM, LABEL_VALUE_FORM } from '../model/label';
import { globProblem } from '../model/namespace-glob';
import type { HostSelector, LabelRequirement, NamespaceSelector } from '../model/selector';
import { quote, type Violations } from '../rpc/violations';
import { checkCount, unknownEnum } from './field-parsers';

const MAX_REQUIREMENTS = 64;
const MAX_VALUES = 64;
const MAX_GLOBS = 256;

export function parseHostSelector(
  message: HostSelectorMessage | undefined,
  field: string,
  violations: Violations,
): HostSelector {
  const requirements = message?.requirements ?? [];
  checkCount(requirements, `${field}.requirements`, { max: MAX_REQUIREMENTS, violations });
  return {
    requirements: requirements.map((requirement, i) =>
      parseRequirement(requirement, `${field}.requirements[${i}]`, violations),
    ),
  };
}

export function parseNamespaceSelector(
  message: NamespaceSelectorMessage | undefined,
  field: string,
  violations: Violations,
): NamespaceSelector {
  const { include = [], exclude = [] } = message ?? {};
  if (include.length === 0) {
    violations.add(`${field}.include`, 'is required: name a namespace, or write * for all');
  }
  return {
    include: parseGlobs(include, `${field}.include`, violations),
    exclude: parseGlobs(exclude, `${field}.exclude`, violations),
  };
}

function parseGlobs(globs: string[], field: string, violations: Violations): string[] {
  checkCount(globs, field, { max: MAX_GLOBS, violations });
  for (const [i, glob] of globs.entries()) {
    const problem = globProblem(glob);
    if (problem !== undefined) violations.add(`${field}[${i}]`, `${quote(glob)} ${problem}`);
  }
  return globs;
}

function parseRequirement(
  message: LabelRequirementMessage,
  field: string,
  violations: Violations,
): LabelRequirement {
  const { key, operator, values } = message;
  if (!isLabelKey(key)) violations.add(`${field}.key`, `${quote(key)} is not ${LABEL_KEY_FORM}`);
  checkValueCount(message, `${field}.values`, violations);
  for (const [i, value] of values.entries()) {
    if (!isLabelValue(value)) {
      violations.add(`${field}.values[${i}]`, `${quote(value)} is not ${LABEL_VALUE_FORM}`);
    }
  }
  switch (operator) {
    case LabelOperator.LABEL_OPERATOR_EQUALS:
      return { operator: 'equals', key, value: values[0] ?? '' };
    case LabelOperator.LABEL_OPERATOR_NOT_EQUALS:
      return { operator: 'not-equals', key, value: values[0] ?? '' };
    case LabelOperator.LABEL_OPERATOR_IN:
      return { operator: 'in', key, values };
    case LabelOperator.LABEL_OPERATOR_NOT_IN:
      return { operator: 'not-in', key, values };
    case LabelOperator.LABEL_OPERATOR_DOES_NOT_EXIST:
      return { operator: 'does-not-exist', key };
    case LabelOperator.LABEL_OPERATOR_EXISTS:
      return { operator: 'exists', key };
    case LabelOperator.LABEL_OPERATOR_UNSPECIFIED:
    default:
      violations.add(`${field}.operator`, unknownEnum('an operator', operator));
      return { operator: 'exists', key };
  }
}

function checkValueCount(
  { operator, values }: LabelRequirementMessage,
  field: string,
  violations: Violations,
): void {
  const has = values.length;
  switch (operator) {
    case LabelOperator.LABEL_OPERATOR_EQUALS:
    case LabelOperator.LABEL_OPERATOR_NOT_EQUALS:
      if (has !== 1) violations.add(field, `needs exactly one value, has ${has}`);
      return;
    case LabelOperator.LABEL_OPERATOR_IN:
    case LabelOperator.LABEL_OPERATOR_NOT_IN:
      if (has < 1 || has > MAX_VALUES) violations.add(field, `needs 1 to ${MAX_VALUES} values, has ${has}`);
      return;
    case LabelOperator.LABEL_OPERATOR_EXISTS:
    case LabelOperator.LABEL_OPERATOR_DOES_NOT_EXIST:
      if (has > 0) violations.add(field, `takes no values, has ${has}`);
      return;
    case LabelOperator.LABEL_OPERATOR_UNSPECIFIED:
      return;
  }
}
