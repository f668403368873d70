import { status } from '@grpc/grpc-js';
import { RealizationState } from '@nsgate/proto';
import { SESSION_LIMITS } from './agent-session';
import { answerAll, Bench, onlyRole, ownPriority, POISON, settle } from './bench.testing';
import type { FakeAgent } from './fake-agent.testing';

const kinds = (agent: FakeAgent): (string | undefined)[] =>
  agent.call?.written.map(({ message }) => message?.$case) ?? [];

describe('the agent hub', () => {
  let bench: Bench;

  beforeEach(async () => (bench = await new Bench().start()));
  afterEach(() => bench.end());

  it('welcomes a new host, sends it every policy that selects it, and marks that this is all', async () => {
    await bench.write('a');
    await bench.write('b', { hostSelector: onlyRole('edge') });
    await settle();
    const agent = bench.agent();
    agent.connect(new Map());
    await answerAll(agent);
    expect(kinds(agent)).toEqual(['welcome', 'upsert', 'inSync']);
    expect([...agent.held.keys()]).toEqual(['policies/a']);
    expect(agent.call?.written.at(-1)?.message?.value).toEqual({ revision: 2n });
  });

  it('sends a host that comes back only what differs from what it holds', async () => {
    for (const id of ['a', 'b', 'c']) await bench.write(id);
    const agent = bench.agent();
    agent.connect(new Map());
    await answerAll(agent);
    agent.disconnect();
    await bench.write('b', { priority: 1 });
    await bench.remove('c');
    await settle();
    agent.connect(new Map());
    await answerAll(agent);
    expect(kinds(agent)).toEqual(['welcome', 'upsert', 'remove', 'inSync']);
    expect([...agent.held.keys()].sort()).toEqual(['policies/a', 'policies/b']);
  });

  it('sends nothing but the mark to a host that holds everything, also after its own restart', async () => {
    await bench.write('a');
    const agent = bench.agent();
    agent.connect(new Map());
    await answerAll(agent);
    agent.disconnect();
    await bench.stop();
    await bench.start();
    const back = bench.agent();
    for (const [name, policy] of agent.held) back.held.set(name, policy);
    back.connect(new Map());
    await answerAll(back);
    expect(kinds(back)).toEqual(['welcome', 'inSync']);
    expect(bench.registry.get('h1')).toMatchObject({ acknowledgedRevision: 1n, desiredRevision: 1n });
  });

  it('sends changes as they are stored, the same bytes to every host', async () => {
    const agents = ['h1', 'h2', 'h3'].map((id) => bench.agent(id));
    for (const agent of agents) agent.connect(new Map());
    await settle();
    await bench.write('a');
    await answerAll(...agents);
    const [first, ...others] = agents.map((agent) => agent.call?.buffers.at(-1));
    expect(first).toBeInstanceOf(Buffer);
    for (const other of others) expect(other).toBe(first);
  });

  it('tells a host to remove a policy that no longer selects it, and no other', async () => {
    await bench.write('a');
    await settle();
    const edge = bench.agent('edge');
    const core = bench.agent('core');
    edge.connect(new Map([['role', 'edge']]));
    core.connect(new Map([['role', 'core']]));
    await answerAll(edge, core);
    await bench.write('a', { hostSelector: onlyRole('edge') });
    await answerAll(edge, core);
    expect([[...edge.held.keys()], [...core.held.keys()]]).toEqual([['policies/a'], []]);
    // What selects is no part of what is held, but operators are to see the revision that they know.
    expect(kinds(edge)).toEqual(['welcome', 'upsert', 'inSync', 'upsert']);
  });

  it('keeps what was sent apart from what was acknowledged', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    await settle();
    await bench.write('a');
    await settle();
    expect(bench.registry.get('h1')).toMatchObject({ desiredRevision: 1n, acknowledgedRevision: 0n });
    await answerAll(agent);
    expect(bench.registry.get('h1')).toMatchObject({ desiredRevision: 1n, acknowledgedRevision: 1n });
  });

  it('sends the newest version only, when a policy changes while its last one is unanswered', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    await settle();
    for (const priority of [1, 2, 3, 4]) {
      await bench.write('a', { priority });
      await settle();
    }
    await answerAll(agent);
    const sent = agent.call?.written.flatMap(({ message }) =>
      message?.$case === 'upsert' ? [ownPriority(message.value.policy)] : [],
    );
    expect(sent).toEqual([1, 4]);
  });

  it('shows a refusal as FAILED, and sends the policy again only when it changes', async () => {
    await bench.write('a', { priority: POISON });
    const agent = bench.agent();
    agent.connect(new Map());
    await answerAll(agent);
    const failed = (): unknown =>
      bench.registry.realizations({ state: 'failed' }, { after: undefined, limit: 10 });
    expect(failed()).toEqual([
      {
        policy: 'policies/a',
        hostId: 'h1',
        namespace: '',
        policyRevision: 1n,
        status: { state: 'failed', reason: 'cannot be' },
      },
    ]);
    agent.disconnect();
    agent.connect(new Map());
    await answerAll(agent);
    expect(kinds(agent)).toEqual(['welcome', 'inSync']);
    await bench.write('a', { priority: 1 });
    await answerAll(agent);
    expect(kinds(agent)).toEqual(['welcome', 'inSync', 'upsert']);
    expect(failed()).toEqual([]);
    expect(bench.registry.get('h1')).toMatchObject({ acknowledgedRevision: 2n });
  });

  it.each<[string, (agent: FakeAgent) => Promise<void> | void]>([
    ['the labels change', (agent) => agent.connect(new Map([['new', 'label']]))],
    [
      'the policy changes',
      (agent) =>
        bench
          .write('a', {
            priority: POISON,
            rules: [],
            description: 'x',
            namespaces: { include: ['b'], exclude: [] },
          })
          .then(() => agent.connect(new Map())),
    ],
  ])('sends a refused policy again when %s', async (_when, change) => {
    await bench.write('a', { priority: POISON });
    const agent = bench.agent();
    agent.connect(new Map());
    await answerAll(agent);
    agent.disconnect();
    await change(agent);
    await answerAll(agent);
    expect(kinds(agent)).toContain('upsert');
  });

  it('sends what was refused for a cause that passes again to the same host when it greets again', async () => {
    await bench.write('a', { priority: 1 });
    const agent = bench.agent();
    agent.isDiskFull = true;
    agent.connect(new Map());
    await answerAll(agent);
    const states = (): unknown[] =>
      bench.registry.realizations({}, { after: undefined, limit: 10 }).map(({ status }) => status);
    expect(states()).toEqual([{ state: 'failed', reason: 'the disk is full' }]);
    agent.isDiskFull = false;
    agent.disconnect();
    agent.connect(new Map());
    await answerAll(agent);
    expect(kinds(agent)).toEqual(['welcome', 'upsert', 'inSync']);
    expect(agent.held.size).toBe(1);
    expect(states()).toEqual([]);
  });

  it('forgets a refusal when the policy is deleted', async () => {
    await bench.write('a', { priority: POISON });
    const agent = bench.agent();
    agent.connect(new Map());
    await answerAll(agent);
    await bench.remove('a');
    await answerAll(agent);
    expect(bench.registry.realizations({}, { after: undefined, limit: 10 })).toEqual([]);
    expect(bench.registry.get('h1')).toMatchObject({ acknowledgedRevision: 2n });
  });

  it('ends the first stream of a host with ABORTED when a second one opens, and hears it no more', async () => {
    const first = bench.agent();
    first.connect(new Map());
    const second = bench.agent();
    second.connect(new Map());
    expect(first.call?.error).toMatchObject({ code: status.ABORTED });
    first.say({
      $case: 'namespaces',
      value: { snapshot: true, namespaces: [], removed: [] },
    });
    first.disconnect();
    await settle();
    expect(bench.registry.get('h1')?.connected).toBe(true);
    second.disconnect();
    expect(bench.registry.get('h1')?.connected).toBe(false);
  });

  it('waits while a host does not read, and cuts it when too much waits', async () => {
    const limits = { ...SESSION_LIMITS, queued: 3 };
    await bench.stop();
    await bench.start(limits);
    const agent = bench.agent('slow', 1);
    agent.connect(new Map());
    await settle();
    for (const id of ['a', 'b', 'c']) await bench.write(id);
    await settle();
    expect(agent.call?.written.length).toBeLessThan(3);
    expect(agent.call?.error).toBeUndefined();
    for (const id of ['d', 'e', 'f']) await bench.write(id);
    await settle();
    expect(agent.call?.error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    agent.disconnect();
    agent.connect(new Map());
    await answerAll(agent);
    expect(agent.held.size).toBe(6);
  });

  it('asks for statistics every second while somebody watches', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    await settle();
    const asked = (): unknown => {
      const { message } = agent.call?.written.at(-1) ?? {};
      return message?.$case === 'settings' ? message.value.statsInterval : undefined;
    };
    bench.hub.setWatched(true);
    expect(asked()).toEqual({ seconds: 1n, nanos: 0 });
    const late = bench.agent('h2');
    late.connect(new Map());
    expect(late.call?.written[1]?.message?.$case).toBe('settings');
    bench.hub.setWatched(false);
    expect(asked()).toEqual({ seconds: 15n, nanos: 0 });
  });

  it('leaves out what makes no sense in a report, and keeps the rest', () => {
    const agent = bench.agent();
    agent.connect(new Map());
    const entry = { host: '', rulesetDigest: 'd', reason: '', policyRevision: 1n };
    agent.say({
      $case: 'realizations',
      value: {
        snapshot: true,
        realizations: [
          {
            ...entry,
            policy: 'policies/a',
            namespace: 'ns1',
            state: RealizationState.REALIZATION_STATE_ENFORCED,
          },
          {
            ...entry,
            policy: 'nonsense',
            namespace: 'ns1',
            state: RealizationState.REALIZATION_STATE_ENFORCED,
          },
          {
            ...entry,
            policy: 'policies/a',
            namespace: 'ns2',
            state: RealizationState.REALIZATION_STATE_UNSPECIFIED,
          },
        ],
      },
    });
    const listed = bench.registry.realizations({}, { after: undefined, limit: 10 });
    expect(listed.map(({ policy, namespace }) => [policy, namespace])).toEqual([['policies/a', 'ns1']]);
  });
});
