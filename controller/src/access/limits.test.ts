import fc from 'fast-check';
import type { HostSelector, LabelRequirement, Labels } from '../model/selector';
import { selectsHost } from '../model/selector';
import { outsideLimits, type LimitedPolicy } from './limits';

const policy = (labels: Record<string, string>, ...requirements: LabelRequirement[]): LimitedPolicy => ({
  labels: new Map(Object.entries(labels)),
  hostSelector: { requirements },
});
const limits = (
  policyLabels: Record<string, string>,
  hosts: Record<string, string> = {},
): { policyLabels: Labels; hosts: Labels } => ({
  policyLabels: new Map(Object.entries(policyLabels)),
  hosts: new Map(Object.entries(hosts)),
});
const ROLE_WEB: LabelRequirement = { operator: 'equals', key: 'role', value: 'web' };

describe('a binding that is limited to policy labels', () => {
  const web = limits({ team: 'web' });
  const own = policy({ team: 'web' });
  const other = policy({ team: 'db' });

  it.each([
    ['makes a policy that bears them', undefined, own, true],
    ['makes one that does not', undefined, other, false],
    ['changes its own', own, own, true],
    ["takes over another's by labelling it", other, own, false],
    ['gives its own away', own, other, false],
    ["deletes another's", other, undefined, false],
    ['deletes its own', own, undefined, true],
  ])('%s', (_what, before, after, may) => {
    expect(outsideLimits(web, { kind: 'policy', before, after }) === undefined).toBe(may);
    expect(outsideLimits(web, { kind: 'address-set', before, after }) === undefined).toBe(may);
  });
});

describe('a binding that is limited to hosts', () => {
  const web = limits({}, { role: 'web' });

  it.each<[string, LabelRequirement[], boolean]>([
    ['demands the label', [ROLE_WEB], true],
    ['demands it among others', [{ operator: 'exists', key: 'x' }, ROLE_WEB], true],
    ['demands it as a list of one', [{ operator: 'in', key: 'role', values: ['web'] }], true],
    ['would take another value as well', [{ operator: 'in', key: 'role', values: ['web', 'db'] }], false],
    ['chooses every host', [], false],
    ['excludes another value only', [{ operator: 'not-equals', key: 'role', value: 'db' }], false],
    ['demands any value', [{ operator: 'exists', key: 'role' }], false],
  ])('judges a policy whose selector %s', (_what, requirements, may) => {
    const after = policy({}, ...requirements);
    expect(outsideLimits(web, { kind: 'policy', before: undefined, after }) === undefined).toBe(may);
  });

  it('never lets a policy through that could choose a host outside', () => {
    const word = fc.constantFrom('role', 'env', 'web', 'db');
    const requirement = fc.oneof(
      fc.record({
        operator: fc.constantFrom('equals' as const, 'not-equals' as const),
        key: word,
        value: word,
      }),
      fc.record({
        operator: fc.constantFrom('in' as const, 'not-in' as const),
        key: word,
        values: fc.array(word, { maxLength: 2 }),
      }),
      fc.record({ operator: fc.constantFrom('exists' as const, 'does-not-exist' as const), key: word }),
    );
    const selector: fc.Arbitrary<HostSelector> = fc.record({
      requirements: fc.array(requirement, { maxLength: 3 }),
    });
    const labels = fc.dictionary(word, word).map((record): Labels => new Map(Object.entries(record)));
    fc.assert(
      fc.property(selector, labels, (hostSelector, host) => {
        const after = { labels: new Map<string, string>(), hostSelector };
        const allowed = outsideLimits(web, { kind: 'policy', before: undefined, after }) === undefined;
        return !(allowed && selectsHost(hostSelector, host)) || host.get('role') === 'web';
      }),
    );
  });

  it('holds a host to the labels before and after', () => {
    const [inside, outside]: Labels[] = [new Map([['role', 'web']]), new Map([['role', 'db']])];
    const judged = (before: Labels | undefined, after: Labels | undefined): boolean =>
      outsideLimits(web, { kind: 'host', before, after }) === undefined;
    expect([judged(inside, inside), judged(outside, inside), judged(inside, outside)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(judged(undefined, undefined)).toBe(false);
  });

  it('does not extend to address sets, whose members reach every host that a policy with them does', () => {
    expect(outsideLimits(web, { kind: 'address-set', before: undefined, after: policy({}) })).toContain(
      'address sets',
    );
  });
});
