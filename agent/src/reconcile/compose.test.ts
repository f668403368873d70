import { Action as WireAction, Hook as WireHook } from '@nsgate/proto';
import fc from 'fast-check';
import { Action, Hook } from '../kernel-device';
import type { Policy } from '../desired-state/policy';
import { policy } from '../desired-state/policy.testing';
import { compose, Composer, describeRule } from './compose';

const early = policy({ name: 'early', priority: -5, rules: ['x', 'y'] });
const late = policy({ name: 'late', priority: 5, rules: ['z'] });
const twin = policy({ name: 'twin', priority: 5, rules: ['t'] });

describe('policies that name the same namespace', () => {
  it('form one list, in order of priority and then of name', () => {
    const { policies, ruleset } = compose([twin, late, early]);
    expect(policies.map(({ name }) => name)).toEqual(['policies/early', 'policies/late', 'policies/twin']);
    const expected = [...early.rules, ...late.rules, ...twin.rules].map(({ rule }) => rule.id);
    expect(ruleset.rules.map(({ id }) => id)).toEqual(expected);
  });

  it('compose the same whatever order they are given in', () => {
    const all = [early, late, twin];
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 3 }), (shuffled) => {
        expect(compose(shuffled).digest).toBe(compose(all).digest);
      }),
    );
  });

  it('take a default verdict from the first that states one for the hook, and accept where none does', () => {
    const drop = { hook: WireHook.HOOK_INPUT, verdict: WireAction.ACTION_DROP, log: undefined };
    const accept = { hook: WireHook.HOOK_INPUT, verdict: WireAction.ACTION_ACCEPT, log: undefined };
    const output = { hook: WireHook.HOOK_OUTPUT, verdict: WireAction.ACTION_DROP, log: undefined };
    const { ruleset } = compose([
      policy({ name: 'b', priority: 1, defaultVerdicts: [accept, output] }),
      policy({ name: 'a', priority: 0, defaultVerdicts: [drop] }),
    ]);
    expect(ruleset.defaultVerdicts[Hook.INPUT]).toBe(Action.DROP);
    expect(ruleset.defaultVerdicts[Hook.OUTPUT]).toBe(Action.DROP);
    expect(ruleset.defaultVerdicts[Hook.FORWARD]).toBe(Action.ACCEPT);
  });

  it('still tell whose rule stands where', () => {
    const composition = compose([late, early]);
    expect(describeRule(composition, 1)).toBe('policies/early, rule y');
    expect(describeRule(composition, 2)).toBe('policies/late, rule z');
    expect(describeRule(composition, 3)).toBe('rule 3');
  });
});

describe('composing for all namespaces', () => {
  const everywhere = policy({ name: 'everywhere', include: ['*'], exclude: ['lab-*'] });
  const tenants = policy({ name: 'tenants', include: ['tenant-?'] });
  const byName = (...policies: Policy[]) => new Map(policies.map((one) => [one.name, one]));

  it('gives each the policies that select it, and nothing to the others', () => {
    const composed = new Composer().composeAll(byName(everywhere, tenants), ['tenant-1', 'web', 'lab-1']);
    expect([...composed].map(([name, { policies }]) => [name, policies.map((one) => one.name)])).toEqual([
      ['tenant-1', ['policies/everywhere', 'policies/tenants']],
      ['web', ['policies/everywhere']],
    ]);
  });

  it('shares one ruleset among namespaces of the same policies', () => {
    const composed = new Composer().composeAll(byName(everywhere), ['a', 'b']);
    expect(composed.get('a')).toBe(composed.get('b'));
  });

  it('gives the same whatever it was asked before', () => {
    const names = fc.uniqueArray(fc.constantFrom('tenant-1', 'tenant-2', 'web', 'lab-1'));
    const held = fc
      .subarray([everywhere, tenants, early, policy({ name: 'ns', include: ['web'] })])
      .map((policies) => byName(...policies));
    const steps = fc.array(fc.tuple(held, fc.array(names, { maxLength: 3 })), { maxLength: 5 });
    fc.assert(
      fc.property(steps, (all) => {
        const composer = new Composer();
        for (const [policies, asked] of all) {
          for (const present of asked) {
            const fresh = new Composer().composeAll(policies, present);
            expect(composer.composeAll(policies, present)).toEqual(fresh);
          }
        }
      }),
    );
  });

  it('does not compose anew what has not changed', () => {
    const composer = new Composer();
    const policies = byName(everywhere);
    const before = composer.composeAll(policies, ['web']).get('web');
    expect(composer.composeAll(policies, ['api', 'web']).get('web')).toBe(before);
    const after = composer.composeAll(byName(everywhere, tenants), ['web']).get('web');
    expect(after?.ruleset).toBe(before?.ruleset);
  });

  it('speaks of the revision that a policy has now, though its content and so its ruleset are the same', () => {
    const composer = new Composer();
    composer.composeAll(byName(policy({ revision: 1n })), ['ns1']);
    const composed = composer.composeAll(byName(policy({ revision: 2n })), ['ns1']);
    expect(composed.get('ns1')?.policies[0]?.revision).toBe(2n);
  });
});
