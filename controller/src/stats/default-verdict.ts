/** What default verdicts decide, counted beside rules: under ids that no rule can have. */
export type DefaultVerdict = 'accept' | 'drop';

export function defaultRuleId(verdict: DefaultVerdict): string {
  return `(default ${verdict})`;
}

export function isDefaultRuleId(ruleId: string): boolean {
  return ruleId.startsWith('(');
}
