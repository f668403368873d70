/** Conditions on labels in one line of text: `team=web, env in (prod, test), !legacy`. */
import { isLabelKey, isLabelValue } from './label';
import type { HostSelector, LabelRequirement } from './selector';

export type ParsedFilter =
  { readonly ok: true; readonly selector: HostSelector } | { readonly ok: false; readonly problem: string };

const COMPARISON = /^([^\s!=,()]+)\s*(=|==|!=)\s*([^\s!=,()]*)$/;
const MEMBERSHIP = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const PRESENCE = /^(!?)\s*([^\s!=,()]+)$/;

/** Reads what is separated by commas; nothing chooses everything. A problem is a phrase to put behind the text. */
export function parseLabelFilter(text: string): ParsedFilter {
  const requirements: LabelRequirement[] = [];
  for (const part of text.trim() === '' ? [] : text.split(/,(?![^()]*\))/)) {
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined) {
      return {
        ok: false,
        problem:
          'is not a list of conditions such as team=web, env in (prod, test), env notin (dev), critical, !legacy',
      };
    }
    requirements.push(requirement);
  }
  return { ok: true, selector: { requirements } };
}

function parseRequirement(text: string): LabelRequirement | undefined {
  const requirement = readComparison(text) ?? readMembership(text) ?? readPresence(text);
  if (requirement === undefined || !isLabelKey(requirement.key)) return undefined;
  const values =
    'value' in requirement ? [requirement.value] : 'values' in requirement ? requirement.values : [];
  return values.every(isLabelValue) ? requirement : undefined;
}

function readComparison(text: string): LabelRequirement | undefined {
  const [, key, operator, value] = COMPARISON.exec(text) ?? [];
  if (key === undefined || value === undefined) return undefined;
  return { operator: operator === '!=' ? 'not-equals' : 'equals', key, value };
}

function readMembership(text: string): LabelRequirement | undefined {
  const [, key, operator, list] = MEMBERSHIP.exec(text) ?? [];
  if (key === undefined || list === undefined) return undefined;
  return {
    operator: operator === 'in' ? 'in' : 'not-in',
    key,
    values: list.split(',').map((one) => one.trim()),
  };
}

function readPresence(text: string): LabelRequirement | undefined {
  const [, not, key] = PRESENCE.exec(text) ?? [];
  return key === undefined ? undefined : { operator: not === '' ? 'exists' : 'does-not-exist', key };
}
