/** What the reconcile loop makes of namespaces that lose their names, of drift, of address sets and of quarantine. */
import { ruleKey } from '@nsgate/proto';
import { readPolicy } from '../controller-client/policy-message';
import type { AddressSet } from '../desired-state/address-set';
import { policy, policyMessage, ruleMessage } from '../desired-state/policy.testing';
import { Hook, Setting, type Ruleset } from '../kernel-device';
import { compose } from './compose';
import { TestHost } from './test-host.testing';

const web = policy({ name: 'web', include: ['ns*'], rules: ['w1', 'w2'] });
const vpn = policy({ name: 'vpn', include: ['vpn'], rules: ['v1'] });
const digestOf = (...policies: (typeof web)[]): string => compose(policies).digest;

function hostWith(...settings: ConstructorParameters<typeof TestHost>): TestHost {
  const host = new TestHost(...settings);
  host.add('ns1', 10);
  host.policies = [web, vpn];
  return host;
}

describe('a namespace that has just got its name', () => {
  let host: TestHost;
  const birthOf = (inode: number): bigint | undefined => {
    const { namespaces } = host.kernel.open().list();
    host.kernel.openDevices -= 1;
    return namespaces.find((listed) => listed.inode === inode)?.birth;
  };

  beforeEach(() => {
    host = hostWith();
    host.run();
    host.add('ns2', 11);
  });

  it('is bound by itself, and that is read back', async () => {
    expect(await host.runAbout('ns2')).toEqual(['quick']);
    expect(host.kernel.boundTo(11)).toBe(digestOf(web));
    expect(host.standings()).toEqual(['policies/web@ns1: enforced', 'policies/web@ns2: enforced']);
    expect(host.kernel.commits.at(-1)).toEqual([
      { type: 'bind', inode: 11, birth: 0n, digest: digestOf(web), initial: false },
    ]);
  });

  it('is given a ruleset that the kernel does not have yet', async () => {
    host.add('vpn', 12);
    expect(await host.runAbout('ns2', 'vpn')).toEqual(['quick']);
    expect([11, 12].map((inode) => host.kernel.boundTo(inode))).toEqual([digestOf(web), digestOf(vpn)]);
  });

  it('is the business of a whole pass when it is not what it seemed', async () => {
    host.beforeHold = (name) => {
      if (name === 'ns2') host.names.set('ns2', { kind: 'namespace', inode: 99 });
    };
    expect(await host.runAbout('ns2')).toEqual(['whole']);
    expect(host.kernel.boundTo(11)).toBeUndefined();
  });

  it('is the business of a whole pass when another program changed the kernel', async () => {
    host.kernel.open().commit([{ type: 'unbind', inode: 10, birth: 0n }]);
    host.kernel.openDevices = 0;
    expect(await host.runAbout('ns2')).toEqual(['whole']);
    expect([10, 11].map((inode) => host.kernel.boundTo(inode))).toEqual([digestOf(web), digestOf(web)]);
  });

  it('is the business of a whole pass while not all that is wanted is known', async () => {
    host.completeness = 'unknown';
    expect(await host.runAbout('ns2')).toEqual(['whole']);
    expect(host.kernel.boundTo(11)).toBeUndefined();
  });

  it('is bound, and by its own birth, where its inode was that of one that is gone', async () => {
    await host.runAbout('ns2');
    host.names.delete('ns2');
    host.kernel.removeNamespace(11);
    host.add('ns3', 11);
    expect(await host.runAbout('ns2', 'ns3')).toEqual(['quick']);
    expect(host.kernel.boundTo(11)).toBe(digestOf(web));
    expect(host.reconciler.reality.namespaces.get('ns3')?.kernel?.birth).toBe(birthOf(11));
  });

  it('is bound where both its name and its inode are those of one that is gone', async () => {
    await host.runAbout('ns2');
    host.kernel.removeNamespace(11);
    host.kernel.addNamespace(11);
    expect(await host.hearEvents()).toEqual(['quick']);
    expect(host.kernel.boundTo(11)).toBe(digestOf(web));
    expect(host.reconciler.reality.namespaces.get('ns2')?.kernel?.birth).toBe(birthOf(11));
  });

  it('is told to be put right when another program lets go of it at once', async () => {
    await host.runAbout('ns2');
    host.kernel.open().commit([{ type: 'unbind', inode: 11, birth: 0n }]);
    host.kernel.openDevices = 0;
    host.run();
    expect(host.events.take().events).toMatchObject([{ kind: 'drift-repaired', namespace: 'ns2' }]);
  });

  it('is the business of a whole pass where events of the kernel were lost', async () => {
    host.reconciler.noteEvents([], 3n);
    expect(await host.runAbout('ns2')).toEqual(['whole']);
    host.add('ns3', 12);
    expect(await host.runAbout('ns3')).toEqual(['quick']);
  });

  it('is the business of a whole pass where another program commits at the same moment', async () => {
    host.kernel.beforeCommit = () => {
      host.kernel.beforeCommit = () => undefined;
      host.kernel.open().commit([{ type: 'unbind', inode: 10, birth: 0n }]);
      host.kernel.openDevices -= 1;
    };
    expect(await host.runAbout('ns2')).toEqual(['whole']);
    expect([10, 11].map((inode) => host.kernel.boundTo(inode))).toEqual([digestOf(web), digestOf(web)]);
  });

  it('is told of no longer when it is gone', async () => {
    await host.runAbout('ns2');
    host.names.delete('ns2');
    host.kernel.removeNamespace(11);
    expect(await host.runAbout('ns2')).toEqual(['quick']);
    expect(host.standings()).toEqual(['policies/web@ns1: enforced']);
    expect([...host.reconciler.reality.namespaces.keys()]).toEqual(['ns1']);
  });
});

describe('a namespace whose name is gone while something keeps it alive', () => {
  let host: TestHost;

  beforeEach(() => {
    host = hostWith();
    host.run();
    host.names.delete('ns1');
    host.run();
  });

  it('keeps what was enforced there, and is reported under its inode', () => {
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
    expect(host.standings()).toEqual(['policies/web@inode:10: enforced']);
    expect(host.reconciler.reality.namespaces.get('inode:10')?.entry).toMatchObject({
      state: 'lingering',
      was: 'ns1',
    });
  });

  it('goes on with the policies of the name that it had', () => {
    const stricter = policy({ name: 'web', include: ['ns*'], rules: ['w1', 'w2', 'w3'] });
    host.policies = [stricter];
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(stricter));
    host.policies = [];
    host.run();
    expect(host.kernel.boundTo(10)).toBeUndefined();
  });

  it('is another than one that takes the name', () => {
    host.add('ns1', 20);
    host.run();
    expect([10, 20].map((inode) => host.kernel.boundTo(inode))).toEqual([digestOf(web), digestOf(web)]);
    expect(host.standings()).toEqual(['policies/web@ns1: enforced', 'policies/web@inode:10: enforced']);
  });

  it('keeps it from an agent that has just started, which knows nothing of a name', () => {
    const { length } = host.kernel.commits;
    const restarted = host.restarted();
    restarted.run();
    expect(host.kernel.commits).toHaveLength(length);
    expect(restarted.reality.namespaces.get('inode:10')?.entry.state).toBe('lingering');
    restarted.stop();
  });

  it('is told of no longer once it has died', () => {
    host.kernel.removeNamespace(10);
    host.run();
    expect(host.reconciler.reality.namespaces.has('inode:10')).toBe(false);
  });
});

describe('a name that another mount has covered', () => {
  it('is not programmed, and its policies fail there; what was under it keeps what it had', () => {
    const host = hostWith();
    host.run();
    host.kernel.addNamespace(20);
    host.names.set('ns1', { kind: 'shadowed', inode: 20, detail: 'another mount hides net:[10]' });
    host.run();
    expect([10, 20].map((inode) => host.kernel.boundTo(inode))).toEqual([digestOf(web), undefined]);
    expect(host.standings()).toContain('policies/web@ns1: failed: another mount hides net:[10]');
  });
});

describe('a kernel that another program has changed', () => {
  const kinds = (host: TestHost): string[] => host.events.take().events.map(({ kind }) => kind);

  it('is put right, and what was found is told', () => {
    const host = hostWith();
    host.run();
    host.kernel.open().commit([{ type: 'unbind', inode: 10, birth: 0n }]);
    host.kernel.openDevices = 0;
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
    expect(host.events.take().events).toMatchObject([
      {
        kind: 'drift-repaired',
        namespace: 'ns1',
        detail: expect.stringContaining('bound to nothing') as string,
      },
    ]);
    host.run();
    expect(kinds(host)).toEqual([]);
  });

  describe('by putting another ruleset under the digest of ours', () => {
    const digest = digestOf(web);
    const ours = compose([web]).ruleset;

    function replace(host: TestHost, ruleset: Ruleset): void {
      const kernel = host.kernel.open();
      kernel.commit([
        { type: 'unbind', inode: 10, birth: 0n },
        { type: 'ruleset-drop', digest },
      ]);
      kernel.commit([
        { type: 'ruleset-put', digest, ruleset },
        { type: 'bind', inode: 10, birth: 0n, digest, initial: false },
      ]);
      kernel.close();
    }

    it('is put right, without a moment in which nothing is bound', () => {
      const host = hostWith();
      host.run();
      const [first] = ours.rules;
      replace(host, { ...ours, rules: ours.rules.map((rule) => ({ ...rule, hook: Hook.OUTPUT })) });
      host.kernel.beforeCommit = () => expect(host.kernel.boundTo(10)).toBeDefined();
      host.run();
      expect(host.kernel.boundTo(10)).toBe(digest);
      expect(host.kernel.rulesetOf(digest)?.rules[0]).toEqual(first);
      expect(host.kernel.rulesets).toEqual([digest]);
      expect(kinds(host)).toEqual(['drift-repaired']);
      const { length } = host.kernel.commits;
      host.run();
      expect(host.kernel.commits.length).toBe(length);
    });

    it('is seen by an agent without memory too, where there are fewer rules', () => {
      const host = hostWith();
      host.run();
      replace(host, { ...ours, rules: [] });
      const reconciler = host.restarted();
      reconciler.run();
      reconciler.stop();
      expect(host.kernel.rulesetOf(digest)).toEqual(ours);
    });
  });

  it('is not spoken of when a namespace has died, or a policy has changed', () => {
    const host = hostWith();
    host.run();
    host.kernel.removeNamespace(10);
    host.names.delete('ns1');
    host.policies = [vpn];
    host.run();
    expect(kinds(host)).toEqual([]);
  });

  it('by loading it again is programmed anew, and that is told', () => {
    const host = hostWith();
    host.run();
    host.kernel.loaded = false;
    host.run();
    host.kernel.loaded = true;
    host.kernel.reload();
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
    expect(kinds(host)).toEqual(['module-unusable', 'module-reloaded']);
  });
});

describe('a policy whose rules refer to an address set', () => {
  const picky = readPolicy(
    policyMessage({
      ...{ name: 'policies/picky', uid: 'p', namespaces: { include: ['ns*'], exclude: [] } },
      rules: [ruleMessage({ id: 'r', key: ruleKey('p', 'r'), sourceSets: ['addressSets/blocked'] })],
    }),
  );

  function blocked(revision: bigint, last: number): AddressSet {
    const members = { v4: Buffer.from([10, 0, 0, last, 32]), v6: new Uint8Array(0) };
    return { name: 'addressSets/blocked', uid: 'u', revision, members, changes: [] };
  }

  it('is enforced with the set, in one commit', () => {
    const host = hostWith();
    host.policies = [picky];
    host.sets = new Map([['blocked', blocked(1n, 1)]]);
    host.run();
    expect(host.kernel.commits.at(-1)?.map(({ type }) => type)).toEqual(['set-put', 'ruleset-put', 'bind']);
    expect(host.standings()).toEqual(['policies/picky@ns1: enforced']);
  });

  it('fails where the set is not held, and what was enforced stays', () => {
    const host = hostWith();
    host.run();
    host.policies = [picky];
    host.run();
    expect(host.kernel.boundTo(10)).toBe(digestOf(web));
    expect(host.standings()[0]).toContain('failed: address set blocked is not held');
    host.sets = new Map([['blocked', blocked(1n, 1)]]);
    host.run();
    expect(host.standings()).toEqual(['policies/picky@ns1: enforced']);
  });

  it('keeps its ruleset when only the members change', () => {
    const host = hostWith();
    host.policies = [picky];
    host.sets = new Map([['blocked', blocked(1n, 1)]]);
    host.run();
    host.sets = new Map([['blocked', blocked(2n, 2)]]);
    host.run();
    expect(host.kernel.commits.at(-1)?.map(({ type }) => type)).toEqual(['set-put']);
    expect(host.kernel.sets.blocked?.members).toEqual(new Set(['0a00000220']));
  });

  it('gives the set up with the policy', () => {
    const host = hostWith();
    host.policies = [picky];
    host.sets = new Map([['blocked', blocked(1n, 1)]]);
    host.run();
    host.policies = [];
    host.sets = new Map();
    host.run();
    expect(host.kernel.sets).toEqual({});
    expect(host.kernel.rulesets).toEqual([]);
  });
});

describe('a host with quarantine', () => {
  it('has new namespaces closed until they are bound, or let go because nobody selects them', async () => {
    const host = hostWith({ quarantine: true });
    host.run();
    host.add('ns2', 11);
    host.add('other', 12);
    host.kernel.addNamespace(13);
    expect([11, 12, 13].map((inode) => host.kernel.isQuarantined(inode))).toEqual([true, true, true]);
    expect(await host.runAbout('ns2', 'other')).toEqual(['quick']);
    expect([11, 12, 13].map((inode) => host.kernel.isQuarantined(inode))).toEqual([false, false, true]);
    host.run();
    expect(host.kernel.isQuarantined(13)).toBe(true);
    expect(host.reconciler.reality.namespaces.get('inode:13')?.entry.state).toBe('quarantined');
    expect(host.events.take().events).toMatchObject([{ kind: 'quarantine-released', namespace: 'other' }]);
  });

  it('leaves the setting alone where it has none of its own', () => {
    const host = hostWith();
    host.kernel.open().commit([{ type: 'setting', setting: Setting.QUARANTINE, value: 1n }]);
    host.kernel.openDevices = 0;
    host.run();
    expect(host.kernel.open().info().quarantine).toBe(true);
  });

  it('lets go of one that gets no name, when its time is over', () => {
    const host = hostWith({ quarantine: true, quarantineReleaseMs: 0 });
    host.run();
    host.kernel.addNamespace(13);
    host.run();
    expect(host.kernel.isQuarantined(13)).toBe(false);
  });
});
