/** The main path: an operator's policy reaches the packets of a namespace, and their count comes back. */
import { Action, realizationStateToJSON, type Policy } from '@nsgate/proto';
import { HOST_ID, Site } from './harness/site';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { policyOf, rule } from './harness/policies';

let site: Site;
let web: Namespace;
let db: Namespace;

beforeAll(async () => {
  loadModule();
  web = Namespace.add('web', 11);
  db = Namespace.add('db', 12);
  site = await Site.start();
});
afterAll(async () => {
  await site.stop();
  [web, db].forEach((namespace) => namespace.delete());
  unloadModule();
});

/** Where a policy stands, by namespace. */
async function standing(name: string): Promise<Record<string, string>> {
  const realizations = await site.operator.realizations({ policy: name });
  return Object.fromEntries(realizations.map((one) => [one.namespace, realizationStateToJSON(one.state)]));
}

async function enforced(policy: Policy, ...namespaces: string[]): Promise<void> {
  const stored = await site.operator.applyPolicy(policy);
  for (const namespace of namespaces) {
    await site.operator.waitEnforced({ policy: stored, host: `hosts/${HOST_ID}`, namespace });
  }
}

/** Packets that a rule has counted, as the controller streams them. */
async function streamed(policy: string, ruleId: string): Promise<bigint> {
  const abort = new AbortController();
  try {
    for await (const { packets } of site.operator.ruleCounters(policy, ruleId, abort.signal)) return packets;
    return 0n;
  } finally {
    abort.abort();
  }
}

describe('a policy', () => {
  const noPing = policyOf('no-ping', { include: ['we?'], rules: [rule('ping', { protocol: 'icmp' })] });
  afterEach(() => site.operator.deletePolicy(noPing.name));

  it('acts in the namespaces that it names, and nowhere else', async () => {
    await enforced(noPing, 'web');
    expect([web.answersPing(), db.answersPing(), db.pingsOut()]).toEqual([false, true, true]);
  });

  it('is reported as enforced where it is, and is not reported where it does not act', async () => {
    await enforced(noPing, 'web');
    expect(await standing(noPing.name)).toEqual({ web: 'REALIZATION_STATE_ENFORCED' });
  });

  it('acts no longer once it is deleted', async () => {
    await enforced(noPing, 'web');
    await site.operator.deletePolicy(noPing.name);
    await eventually(() => expect(web.answersPing()).toBe(true));
    // The kernel has let go of it a moment before the host says so.
    await eventually(async () => expect(await standing(noPing.name)).toEqual({}));
  });

  it('acts in a namespace that comes after it', async () => {
    await enforced(noPing, 'web');
    const late = Namespace.add('wet', 13);
    try {
      await eventually(() => expect(late.answersPing()).toBe(false));
      await eventually(async () =>
        expect(Object.keys(await standing(noPing.name)).sort()).toEqual(['web', 'wet']),
      );
    } finally {
      late.delete();
    }
    await eventually(async () => expect(Object.keys(await standing(noPing.name))).toEqual(['web']));
  });

  it('acts again when its namespace is deleted and made anew', async () => {
    await enforced(noPing, 'web');
    web.delete();
    web = Namespace.add('web', 11);
    await eventually(() => expect(web.answersPing()).toBe(false));
  });

  it('acts on IPv6 by its own rules', async () => {
    const noPing6 = policyOf('no-ping', { include: ['web'], rules: [rule('ping6', { protocol: 'icmpv6' })] });
    await enforced(noPing6, 'web');
    expect([web.answersPing(), web.answersPing(web.address6)]).toEqual([true, false]);
  });
});

describe('counters', () => {
  const counted = policyOf('counted', { include: ['web'], rules: [rule('ping', { protocol: 'icmp' })] });

  it('stream to the operator exactly, through edits of the policy', async () => {
    await enforced(counted, 'web');
    web.ping(5);
    await eventually(async () => expect(await streamed(counted.name, 'ping')).toBe(5n));
    const edited = policyOf('counted', {
      include: ['web'],
      rules: [
        rule('telnet', { protocol: 'tcp', destinationPorts: ['23'] }),
        rule('ping', { protocol: 'icmp' }),
      ],
    });
    await enforced(edited, 'web');
    web.ping(2);
    await eventually(async () => expect(await streamed(counted.name, 'ping')).toBe(7n));
  });
});

describe('policies that name the same namespace', () => {
  it('are asked in order of priority', async () => {
    const drop = policyOf('z-drop', {
      include: ['db'],
      priority: 10,
      rules: [rule('ping', { protocol: 'icmp' })],
    });
    const accept = policyOf('a-accept', {
      include: ['db'],
      priority: 20,
      rules: [{ ...rule('ping', { protocol: 'icmp' }), action: Action.ACTION_ACCEPT }],
    });
    await enforced(drop, 'db');
    await enforced(accept, 'db');
    expect(db.answersPing()).toBe(false);
    await enforced({ ...accept, priority: 5 }, 'db');
    await eventually(() => expect(db.answersPing()).toBe(true));
    await site.operator.deletePolicy(drop.name);
    await site.operator.deletePolicy(accept.name);
  });
});

describe('what breaks', () => {
  const noPing = policyOf('no-ping', { include: ['web'], rules: [rule('ping', { protocol: 'icmp' })] });
  beforeEach(() => enforced(noPing, 'web'));
  afterEach(() => site.operator.deletePolicy(noPing.name));

  it('an agent that is killed leaves the rules in force, and its successor leaves them alone', async () => {
    const before = site.kernelGeneration();
    await site.agent?.end('SIGKILL');
    expect(web.answersPing()).toBe(false);
    site.startAgent();
    await eventually(() => expect(site.agent?.log).toContain('in sync'));
    expect(web.answersPing()).toBe(false);
    expect(site.kernelGeneration()).toBe(before);
  });

  it('a controller that is killed has every policy after its restart, and agents go on without it', async () => {
    await site.controller?.end('SIGKILL');
    expect(web.answersPing()).toBe(false);
    await site.startController();
    await eventually(async () =>
      expect(await standing(noPing.name)).toEqual({ web: 'REALIZATION_STATE_ENFORCED' }),
    );
  });

  it('an agent that boots without a controller enforces what it held', async () => {
    await site.agent?.end();
    await site.controller?.end();
    unloadModule();
    loadModule();
    expect(web.answersPing()).toBe(true);
    site.startAgent();
    await eventually(() => expect(web.answersPing()).toBe(false));
    await site.startController();
  });

  it('a module that is unloaded and loaded is programmed again', async () => {
    unloadModule();
    expect(web.answersPing()).toBe(true);
    loadModule();
    await eventually(() => expect(web.answersPing()).toBe(false));
  });
});
