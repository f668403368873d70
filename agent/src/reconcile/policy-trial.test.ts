import pino from 'pino';
import { policy } from '../desired-state/policy.testing';
import { FakeKernel } from '../kernel-device/fake-kernel.testing';
import { compose } from './compose';
import { tryOut } from './policy-trial';

const good = policy({ name: 'good' });
const bad = policy({ name: 'bad', rules: ['fine', 'wrong'] });
const alsoBad = policy({ name: 'also-bad', rules: ['wrong'] });

function kernelThatDislikesWrongRules(): FakeKernel {
  const kernel = new FakeKernel();
  const wrong = [bad.rules[1]!.rule.id, alsoBad.rules[0]!.rule.id];
  kernel.faultOf = ({ rules }) => {
    const rule = rules.findIndex(({ id }) => wrong.includes(id));
    return rule === -1 ? undefined : { errno: 'EOPNOTSUPP', rule, reason: 'not by this module' };
  };
  return kernel;
}

describe('trying policies out in the kernel', () => {
  const log = pino({ level: 'silent' });

  it('finds each that it refuses, with the rule at fault', () => {
    const { open } = kernelThatDislikesWrongRules();
    const reasons = tryOut([bad, good, alsoBad], { openKernel: open, log });
    expect([...reasons].map(([{ name }, reason]) => [name, reason])).toEqual([
      [
        'policies/bad',
        'the kernel module refused it: policies/bad, rule wrong: not by this module (EOPNOTSUPP)',
      ],
      [
        'policies/also-bad',
        'the kernel module refused it: policies/also-bad, rule wrong: not by this module (EOPNOTSUPP)',
      ],
    ]);
  });

  it('leaves nothing in the kernel, and the device closed', () => {
    const kernel = kernelThatDislikesWrongRules();
    tryOut([bad, good], { openKernel: kernel.open, log });
    expect(kernel.rulesets).toEqual([]);
    expect(kernel.openDevices).toBe(0);
  });

  it('does not disturb a ruleset of the same content that is bound', () => {
    const kernel = new FakeKernel();
    kernel.addNamespace(1);
    const { digest, ruleset } = compose([good]);
    kernel.open().commit([
      { type: 'ruleset-put', digest, ruleset },
      { type: 'bind', inode: 1, birth: 0n, digest, initial: false },
    ]);
    expect(tryOut([good], { openKernel: kernel.open, log }).size).toBe(0);
    expect(kernel.boundTo(1)).toBe(digest);
  });

  it('takes a policy that was sent twice', () => {
    const kernel = new FakeKernel();
    expect(tryOut([good, good], { openKernel: kernel.open, log }).size).toBe(0);
    const puts = kernel.commits.flat().filter((object) => object.type === 'ruleset-put');
    expect(new Set(puts.map(({ digest }) => digest)).size).toBe(2);
  });

  it('refuses nothing while there is no module to ask', () => {
    const kernel = kernelThatDislikesWrongRules();
    kernel.loaded = false;
    expect(tryOut([bad], { openKernel: kernel.open, log }).size).toBe(0);
  });

  it('refuses nothing because the kernel is short of memory', () => {
    const kernel = new FakeKernel();
    kernel.faultOf = () => ({ errno: 'ENOMEM', reason: 'allocation failed' });
    expect(tryOut([good], { openKernel: kernel.open, log }).size).toBe(0);
  });
});
