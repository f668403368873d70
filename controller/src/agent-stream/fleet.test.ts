/** What operators learn of hosts: labels, sums, waits, explanations and events. */
import { status } from '@grpc/grpc-js';
import {
  ConnectionState,
  Hook,
  RealizationState,
  WaitOutcome,
  type WaitForRealizationResponse,
  type WatchHostEventsResponse,
  type WatchHostsResponse,
} from '@nsgate/proto';
import { watchHostEvents, watchHosts } from '../operator-api/host-watch';
import { waitForRealization } from '../operator-api/realization-wait';
import { NOTHING_PERMITTED } from '../rpc/call-permit';
import { answerAll, Bench, onlyRole, POISON, settle } from './bench.testing';
import type { FakeAgent } from './fake-agent.testing';

let bench: Bench;
beforeEach(async () => (bench = await new Bench().start()));
afterEach(() => bench.end());

const namespace = (name: string, initial = false): object => ({
  ...{ name, inode: 1, birthId: 1n, netCookie: 1n, state: 1, rulesetDigest: '', detail: '', initial },
});
const names = (agent: FakeAgent, ...list: string[]): void =>
  agent.say({
    $case: 'namespaces',
    value: { snapshot: true, namespaces: list.map((name) => namespace(name) as never), removed: [] },
  });
const report = (
  agent: FakeAgent,
  given: { policyRevision: bigint; state?: RealizationState; namespace?: string; reason?: string },
): void => {
  const realization = {
    policy: 'policies/a',
    host: '',
    namespace: 'ns1',
    state: RealizationState.REALIZATION_STATE_ENFORCED,
    rulesetDigest: 'd',
    reason: '',
    ...given,
  };
  agent.say({ $case: 'realizations', value: { snapshot: false, realizations: [realization] } });
};
const summary = (): object => bench.registry.summary('policies/a');

describe('the sums of a policy', () => {
  it('go from behind over pending to enforced, and back with the next version', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    names(agent, 'ns1', 'ns2');
    const revision = await bench.write('a', { namespaces: { include: ['ns1'], exclude: [] } });
    await settle();
    expect(summary()).toMatchObject({ revision, hosts: 1, behind: 1, pending: 1, enforced: 0 });
    await answerAll(agent);
    expect(summary()).toMatchObject({ hosts: 1, behind: 0, pending: 1 });
    expect(bench.registry.get('h1')).toMatchObject({ acknowledgedRevision: 1n, enforcedRevision: 0n });
    report(agent, { policyRevision: revision });
    expect(summary()).toMatchObject({ pending: 0, enforced: 1, failed: 0, absent: 0 });
    expect(bench.registry.get('h1')).toMatchObject({ enforcedRevision: 1n });
    await bench.write('a', { namespaces: { include: ['ns1'], exclude: [] }, priority: 1 });
    await settle();
    expect(summary()).toMatchObject({ revision: 2n, behind: 1, pending: 1, enforced: 0 });
  });

  it('count a host without such a namespace as absent, and one that is away not at all', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    await bench.write('a');
    await answerAll(agent);
    expect(summary()).toMatchObject({ hosts: 1, absent: 1, pending: 0 });
    agent.disconnect();
    expect(summary()).toMatchObject({ hosts: 0, absent: 0 });
  });

  it('count a refusal as failed', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    names(agent, 'ns1');
    await bench.write('a', { priority: POISON });
    await answerAll(agent);
    expect(summary()).toMatchObject({ failed: 1, refusing: 1, pending: 0, behind: 1 });
  });
});

describe('waiting', () => {
  const wait = async (timeoutMs?: number): Promise<WaitForRealizationResponse[]> => {
    const timeout = timeoutMs === undefined ? undefined : { seconds: 0n, nanos: timeoutMs * 1e6 };
    const caller = {
      kind: 'operator',
      id: 'x',
      peer: 'unix',
      permit: NOTHING_PERMITTED,
      demandStanding: () => undefined,
    } as const;
    const context = { caller, signal: new AbortController().signal };
    const messages: WaitForRealizationResponse[] = [];
    const request = { policy: 'policies/a', revision: 0n, timeout };
    for await (const message of waitForRealization(bench, request, context)) messages.push(message);
    return messages;
  };

  it('ends when everything is enforced', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    names(agent, 'ns1');
    const revision = await bench.write('a');
    const waited = wait();
    await answerAll(agent);
    report(agent, { policyRevision: revision });
    const messages = await waited;
    expect(messages.at(-1)).toMatchObject({
      done: true,
      outcome: WaitOutcome.WAIT_OUTCOME_ENFORCED,
      enforced: 1n,
    });
    expect(messages[0]).toMatchObject({ done: false });
  });

  it('ends when it failed somewhere, and says where and why', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    names(agent, 'ns1');
    const revision = await bench.write('a');
    await answerAll(agent);
    report(agent, {
      policyRevision: revision,
      state: RealizationState.REALIZATION_STATE_FAILED,
      reason: 'no room',
    });
    expect((await wait()).at(-1)).toMatchObject({
      outcome: WaitOutcome.WAIT_OUTCOME_FAILED,
      failures: [{ host: 'hosts/h1', namespace: 'ns1', reason: 'no room' }],
    });
  });

  it('ends when time is up, and at once where there is nothing to wait for', async () => {
    await bench.write('a');
    expect((await wait()).at(-1)).toMatchObject({ outcome: WaitOutcome.WAIT_OUTCOME_ENFORCED, enforced: 0n });
    const agent = bench.agent();
    agent.connect(new Map());
    expect((await wait(60)).at(-1)).toMatchObject({
      outcome: WaitOutcome.WAIT_OUTCOME_TIMED_OUT,
      hostsBehind: 1,
    });
  });
});

describe('labels of operators', () => {
  it('stand over those of the agent, outlive it, and change at once what reaches the host', async () => {
    await bench.write('a', { hostSelector: onlyRole('edge') });
    const agent = bench.agent();
    agent.connect(new Map([['role', 'core']]));
    await answerAll(agent);
    expect([...agent.held.keys()]).toEqual([]);
    bench.registry.setOperatorLabels('h1', new Map([['role', 'edge']]));
    bench.hub.relabel('h1');
    await answerAll(agent);
    expect([...agent.held.keys()]).toEqual(['policies/a']);
    agent.disconnect();
    agent.connect(new Map([['role', 'core']]));
    await answerAll(agent);
    expect([...agent.held.keys()]).toEqual(['policies/a']);
    const host = bench.registry.get('h1');
    expect([host?.labels.get('role'), host?.agentLabels.get('role')]).toEqual(['edge', 'core']);
    bench.registry.setOperatorLabels('h1', new Map());
    bench.hub.relabel('h1');
    await answerAll(agent);
    expect([...agent.held.keys()]).toEqual([]);
  });
});

describe('a question about a packet', () => {
  const question = {
    ...{
      namespace: 'ns1',
      hook: Hook.HOOK_INPUT,
      protocol: 6,
      sourcePort: 1,
      destinationPort: 2,
      icmpType: 0,
      icmpCode: 0,
    },
    ...{
      source: Buffer.alloc(4),
      destination: Buffer.alloc(4),
      tcpFlags: 0,
      mark: 0,
      inInterface: '',
      outInterface: '',
    },
    state: ConnectionState.CONNECTION_STATE_UNSPECIFIED,
  };

  it('is answered by the host, times out, and ends with the stream', async () => {
    const agent = bench.agent();
    expect(bench.hub.explain('h1', question, 50)).toBeUndefined();
    agent.connect(new Map());
    await answerAll(agent);
    const asked = bench.hub.explain('h1', question, 5000);
    const said = agent.call?.written.at(-1)?.message;
    if (said?.$case !== 'explain') throw new Error('nothing was asked');
    agent.say({
      $case: 'explained',
      value: { id: said.value.id, result: { $case: 'fault', value: 'no ns1' } },
    });
    expect(await asked).toEqual({ kind: 'fault', fault: 'no ns1' });
    expect(await bench.hub.explain('h1', question, 10)).toEqual({ kind: 'timeout' });
    const open = bench.hub.explain('h1', question, 5000);
    agent.disconnect();
    expect(await open).toEqual({ kind: 'gone' });
  });
});

describe('events of hosts', () => {
  it('are kept, newest first, a thousand of each host, and told to who listens', () => {
    const agent = bench.agent();
    agent.connect(new Map());
    const told: unknown[] = [];
    bench.registry.events.listen((one) => told.push(one));
    const event = (detail: string): object => ({ time: new Date(0), kind: 1, namespace: '', detail });
    const events = Array.from({ length: 1005 }, (_, i) => event(String(i)) as never);
    agent.say({ $case: 'events', value: { events, lost: 3n } });
    const listed = bench.registry.events.list({ hostId: 'h1', before: undefined, limit: 2000 });
    expect(listed).toHaveLength(1000);
    expect(listed.slice(0, 2).map((one) => one.event.detail)).toEqual(['1004', '1003']);
    expect(told).toHaveLength(1006);
  });
});

describe('a watch', () => {
  const abort = new AbortController();
  const context = { signal: abort.signal, caller: {} as never };
  afterAll(() => abort.abort());

  it('of hosts tells all of them, then that it is in sync, then what changes and who is gone', async () => {
    const agent = bench.agent();
    agent.connect(new Map([['role', 'core']]));
    const watch = watchHosts(bench.registry, context);
    const next = async (): Promise<WatchHostsResponse['event']> => {
      const { value } = (await watch.next()) as { value: WatchHostsResponse };
      return value.event;
    };
    expect(await next()).toMatchObject({ $case: 'host', value: { name: 'hosts/h1', connected: true } });
    expect(await next()).toEqual({ $case: 'inSync', value: {} });
    bench.registry.setOperatorLabels('h1', new Map([['role', 'edge']]));
    expect(await next()).toMatchObject({ $case: 'host', value: { labels: { role: 'edge' } } });
    agent.disconnect();
    expect(await next()).toMatchObject({ $case: 'host', value: { connected: false } });
    bench.registry.remove('h1');
    expect(await next()).toEqual({ $case: 'removed', value: 'hosts/h1' });
    await watch.return(undefined);
  });

  it('of events tells what happens from now on, and how many were missed', async () => {
    const agent = bench.agent();
    agent.connect(new Map());
    const event = (detail: string): never =>
      ({ time: new Date(0), kind: 1, namespace: '', detail }) as unknown as never;
    agent.say({ $case: 'events', value: { events: [event('before')], lost: 0n } });
    const watch = watchHostEvents(bench.registry, { parent: 'hosts/h1' }, context);
    const next = async (): Promise<unknown> =>
      ((await watch.next()) as { value: WatchHostEventsResponse }).value.event;
    const first = next();
    agent.say({ $case: 'events', value: { events: [event('after')], lost: 2n } });
    expect(await first).toMatchObject({
      $case: 'reported',
      value: { host: 'hosts/h1', event: { detail: 'after' } },
    });
    expect(await next()).toEqual({ $case: 'lost', value: 2n });
    const many = Array.from({ length: 1030 }, (_, i) => event(String(i)));
    agent.say({ $case: 'events', value: { events: many, lost: 0n } });
    for (let i = 0; i < 1024; i++) await next();
    expect(await next()).toEqual({ $case: 'lost', value: 6n });
    await watch.return(undefined);
  });

  it('of events of a host that nobody knows is refused', async () => {
    const watch = watchHostEvents(bench.registry, { parent: 'hosts/none' }, context);
    await expect(watch.next()).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});
