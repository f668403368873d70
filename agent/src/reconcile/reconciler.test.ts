import type { Policy } from '../desired-state/policy';
import { policy } from '../desired-state/policy.testing';
import { compose } from './compose';
import { describeKernel } from './kernel-watch';
import { INITIAL, TestHost } from './test-host.testing';

const web = policy({ name: 'web', include: ['ns*'], rules: ['w1', 'w2'] });
const vpn = policy({ name: 'vpn', include: ['vpn'], rules: ['v1'] });
const digestOf = (...policies: Policy[]): string => compose(policies).digest;

describe('a pass of the reconcile loop', () => {
  let host: TestHost;

  beforeEach(() => {
    host = new TestHost();
    host.add('ns1', 10);
    host.add('ns2', 11);
    host.add('vpn', 12);
    host.policies = [web, vpn];
  });

  it('binds every namespace that a policy selects, and says so once it is read back', () => {
    host.run();
    expect([10, 11, 12].map((inode) => host.kernel.boundTo(inode))).toEqual([
      digestOf(web),
      digestOf(web),
      digestOf(vpn),
    ]);
    expect(host.standings()).toEqual([
      'policies/web@ns1: enforced',
      'policies/web@ns2: enforced',
      'policies/vpn@vpn: enforced',
    ]);
  });

  it('applies changes that came together in one commit', () => {
    host.run();
    expect(host.kernel.commits).toHaveLength(1);
  });

  it('commits nothing when all is right, even for an agent that has just started', () => {
    host.run();
    const restarted = host.restarted();
    restarted.run();
    expect(host.kernel.commits).toHaveLength(1);
    expect(restarted.reality.realizations.size).toBe(3);
  });

  it('unbinds what no policy selects any more, and drops its ruleset', () => {
    host.run();
    host.policies = [vpn];
    host.run();
    expect(host.kernel.boundTo(10)).toBeUndefined();
    expect(host.kernel.rulesets).toEqual([digestOf(vpn)]);
    expect(host.standings()).toEqual(['policies/vpn@vpn: enforced']);
  });

  it('changes nothing while it does not know all that is wanted', () => {
    host.run();
    host.policies = [vpn];
    host.completeness = 'unknown';
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
    expect(host.kernel.commits).toHaveLength(1);
  });

  it('binds a namespace that died and came again under the same inode', () => {
    host.run();
    host.kernel.removeNamespace(10);
    host.kernel.addNamespace(10);
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
  });

  it('knows afterwards how it left the kernel', () => {
    host.run();
    expect(host.reconciler.kernelSeen).toBe(describeKernel(host.kernel.open().info()));
    host.kernel.openDevices = 0;
    host.kernel.loaded = false;
    host.run();
    expect(host.reconciler.kernelSeen).toBe('absent');
  });

  it('programs everything anew after the module was reloaded', () => {
    host.run();
    host.kernel.reload();
    host.run();
    expect(host.kernel.boundTo(12)).toBe(digestOf(vpn));
    expect(host.standings()).toHaveLength(3);
  });
});

describe('without the kernel module', () => {
  it('every policy is reported as failed, with what is missing, and enforced once the module is there', () => {
    const host = new TestHost();
    host.add('ns1', 10);
    host.policies = [web];
    host.kernel.loaded = false;
    host.run();
    expect(host.standings()).toEqual(['policies/web@ns1: failed: the kernel module is not loaded']);
    host.kernel.loaded = true;
    host.run();
    expect(host.standings()).toEqual(['policies/web@ns1: enforced']);
  });
});

describe('a ruleset that the kernel refuses', () => {
  let host: TestHost;
  const worse = policy({ name: 'web', include: ['ns*'], rules: ['w1', 'bad'] });
  const bad = worse.rules[1]!.rule.id;

  beforeEach(() => {
    host = new TestHost();
    host.add('ns1', 10);
    host.add('vpn', 12);
    host.policies = [web];
    host.run();
    host.kernel.faultOf = ({ rules }) => {
      const rule = rules.findIndex(({ id }) => id === bad);
      return rule === -1 ? undefined : { errno: 'EINVAL', rule, reason: 'cannot be' };
    };
    host.policies = [worse, vpn];
    host.run();
  });

  it('leaves the ruleset before it in force, whole', () => {
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
    expect(host.kernel.rulesets).toContain(digestOf(web));
  });

  it('does not keep others from being applied', () => {
    expect(host.kernel.boundTo(12)).toBe(digestOf(vpn));
  });

  it('is reported with the policy and rule that are at fault', () => {
    expect(host.standings()).toEqual([
      'policies/web@ns1: failed: the kernel module refused it: policies/web, rule bad: cannot be (EINVAL)',
      'policies/vpn@vpn: enforced',
    ]);
  });

  it('is not tried again at every pass', () => {
    const { length } = host.kernel.commits;
    host.run();
    expect(host.kernel.commits).toHaveLength(length);
    expect(host.standings()[0]).toContain('cannot be');
  });

  it('is tried again when the module was reloaded', () => {
    host.kernel.faultOf = () => undefined;
    host.kernel.reload();
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(worse));
  });

  it('is forgotten when another takes its place', () => {
    host.policies = [web, vpn];
    host.run();
    expect(host.standings()).toEqual(['policies/web@ns1: enforced', 'policies/vpn@vpn: enforced']);
  });
});

describe('a ruleset that another program drops while it is put', () => {
  it('is put again at once', () => {
    const host = new TestHost();
    host.add('ns1', 10);
    host.policies = [web];
    host.kernel.faultOf = () => {
      host.kernel.faultOf = () => undefined;
      return { errno: 'EAGAIN', reason: 'dropped meanwhile' };
    };
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
    expect(host.standings()).toEqual(['policies/web@ns1: enforced']);
  });
});

describe('a namespace that changes while it is being programmed', () => {
  let host: TestHost;

  beforeEach(() => {
    host = new TestHost();
    host.add('ns1', 10);
    host.add('ns2', 11);
    host.policies = [web];
  });

  it('is not bound under a name that no longer stands for it', () => {
    host.beforeHold = (name) => {
      if (name === 'ns1') host.names.set('ns1', { kind: 'namespace', inode: 99 });
    };
    host.run();
    expect(host.kernel.boundTo(10)).toBeUndefined();
    expect(host.kernel.boundTo(11)).toBe(digestOf(web));
  });

  it('is not bound, and looked at again, when the kernel says that it is gone', () => {
    host.kernel.beforeCommit = () => host.kernel.removeNamespace(10);
    host.run();
    expect(host.kernel.boundTo(11)).toBe(digestOf(web));
    expect(host.rechecked).toEqual(['ns1']);
    expect(host.standings()).toEqual(['policies/web@ns1: pending', 'policies/web@ns2: enforced']);
  });

  it('is bound by what it is when its names are opened, not by what it was', () => {
    host.beforeHold = (name) => {
      if (name !== 'ns1') return;
      host.kernel.removeNamespace(10);
      host.kernel.addNamespace(10);
    };
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
  });
});

describe('a namespace that cannot be opened just now', () => {
  it('is tried again without being asked', async () => {
    jest.useFakeTimers();
    try {
      const host = new TestHost();
      host.add('ns1', 10);
      host.policies = [web];
      host.beforeHold = () => host.names.delete('ns1');
      host.reconciler.run();
      expect(host.kernel.boundTo(10)).toBeUndefined();
      host.names.set('ns1', { kind: 'namespace', inode: 10 });
      host.beforeHold = () => undefined;
      await jest.advanceTimersByTimeAsync(1000);
      expect(host.kernel.boundTo(10)).toBe(digestOf(web));
      host.reconciler.stop();
    } finally {
      jest.useRealTimers();
    }
  });
});

describe("the host's initial namespace", () => {
  it('is never bound unless the configuration allows it by name', () => {
    const host = new TestHost();
    host.add('nsroot', INITIAL);
    host.policies = [web];
    host.run();
    expect(host.kernel.boundTo(INITIAL)).toBeUndefined();
    expect(host.standings()[0]).toContain('policies/web@nsroot: failed');
    host.allowInitial.add('nsroot');
    host.run();
    expect(host.kernel.boundTo(INITIAL)).toBe(digestOf(web));
    expect(host.standings()).toEqual(['policies/web@nsroot: enforced']);
  });
});

describe('a second name of a namespace', () => {
  const first = policy({ name: 'first', include: ['ns1'] });
  const second = policy({ name: 'second', include: ['other'] });

  it('fails a policy that selects it alone, since the first name decides', () => {
    const host = new TestHost();
    host.add('ns1', 10);
    host.names.set('other', { kind: 'namespace', inode: 10 });
    host.policies = [first, second];
    host.run();
    expect(host.standings()).toEqual([
      'policies/first@ns1: enforced',
      'policies/second@other: failed: another name of ns1, whose policies are the ones that are enforced',
    ]);
  });

  it('is not mentioned by a policy that selects both', () => {
    const host = new TestHost();
    host.add('ns1', 10);
    host.names.set('other', { kind: 'namespace', inode: 10 });
    host.policies = [policy({ name: 'all', include: ['*'] })];
    host.run();
    expect(host.standings()).toEqual(['policies/all@ns1: enforced']);
  });
});

describe('thousands of namespaces', () => {
  it('are bound without holding all of them open at once', () => {
    const host = new TestHost();
    let most = 0;
    host.beforeHold = () => {
      most = Math.max(most, host.held + 1);
    };
    for (let i = 0; i < 1500; i++) host.add(`ns-${i}`, 100 + i);
    host.policies = [web];
    host.run();
    expect(most).toBe(512);
    expect(host.standings().every((line) => line.endsWith('enforced'))).toBe(true);
    expect(host.reconciler.reality.realizations.size).toBe(1500);
  });
});
