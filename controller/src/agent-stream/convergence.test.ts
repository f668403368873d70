import type { AgentPolicy } from '@nsgate/proto';
import fc from 'fast-check';
import { setsOf } from '../model/policy';
import { selectsHost } from '../model/selector';
import { answerAll, Bench, onlyRole, ownPriority, POISON, ruleNaming, settle } from './bench.testing';

describe('whatever happens in between', () => {
  const HOSTS = ['h1', 'h2'];
  const policyId = fc.constantFrom('a', 'b', 'c');
  const hostId = fc.constantFrom(...HOSTS);
  const role = fc.constantFrom('edge', 'core');
  const MEMBERS = ['10.0.0.0/8', '192.0.2.1', '::1', '2001:db8::/32'];
  const step = fc.oneof(
    fc.record({
      do: fc.constant('write' as const),
      id: policyId,
      priority: fc.constantFrom(0, 1, POISON),
      role: fc.option(role),
      sets: fc.subarray(['s', 't']),
    }),
    fc.record({
      do: fc.constant('set' as const),
      id: fc.constantFrom('s', 't'),
      add: fc.subarray(MEMBERS),
      remove: fc.subarray(MEMBERS),
    }),
    fc.record({ do: fc.constant('remove' as const), id: policyId }),
    fc.record({ do: fc.constant('connect' as const), host: hostId, role }),
    fc.record({ do: fc.constant('disconnect' as const), host: hostId }),
    fc.record({ do: fc.constant('answer' as const), host: hostId, choice: fc.nat(5) }),
    fc.record({ do: fc.constant('fill disk' as const), host: hostId }),
    fc.record({ do: fc.constant('settle' as const) }),
  );

  it('every host ends up holding exactly what selects it, but for what it refuses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, room) => {
          const bench = await new Bench().start();
          for (const id of ['s', 't']) await bench.changeSet(id, {});
          const agents = new Map(HOSTS.map((id) => [id, bench.agent(id, room)]));
          const roles = new Map<string, string>();
          const connect = (id: string, given: string): void => {
            roles.set(id, given);
            agents.get(id)?.connect(new Map([['role', given]]));
          };
          for (const one of steps) {
            if (one.do === 'write') {
              const hostSelector = one.role === null ? { requirements: [] } : onlyRole(one.role);
              const rules = [ruleNaming(...one.sets)];
              await bench.write(one.id, { priority: one.priority, hostSelector, rules });
            } else if (one.do === 'set') await bench.changeSet(one.id, one);
            else if (one.do === 'remove') await bench.remove(one.id);
            else if (one.do === 'connect') connect(one.host, one.role);
            else if (one.do === 'disconnect') agents.get(one.host)?.disconnect();
            else if (one.do === 'answer') agents.get(one.host)?.answer(one.choice);
            else if (one.do === 'fill disk') agents.get(one.host)!.isDiskFull = true;
            else await settle();
          }
          for (const [id, agent] of agents) {
            // A host that can store again greets anew.
            if (agent.isDiskFull) agent.disconnect();
            agent.isDiskFull = false;
            if (!agent.isConnected) connect(id, roles.get(id) ?? 'edge');
          }
          await answerAll(...agents.values());

          const { policies, revision } = await bench.store.list();
          for (const [id, agent] of agents) {
            const labels = new Map([['role', roles.get(id) ?? '']]);
            const wanted = policies.filter(({ hostSelector }) => selectsHost(hostSelector, labels));
            const good = wanted.filter(({ priority }) => priority !== POISON);
            const held = (names: readonly { name: string }[]): (AgentPolicy | undefined)[] =>
              names.map(({ name }) => agent.held.get(name));
            expect(agent.isInSync).toBe(true);
            expect(held(good).map(ownPriority)).toEqual(good.map(({ priority }) => priority));
            // A policy that was refused stands as it was before: at an older version, or not at all.
            expect(held(wanted).every((policy) => ownPriority(policy) !== POISON)).toBe(true);
            expect(
              [...agent.held.keys()].every((name) => wanted.some((policy) => policy.name === name)),
            ).toBe(true);
            expect(agent.missedSets).toEqual([]);
            // Of what was refused, an older version may stand, with the sets that it names.
            const named = setsOf({ rules: good.flatMap(({ rules }) => rules) });
            for (const name of named) {
              const { members, revision: at } = (await bench.store.addressSets.content(name))!;
              expect(agent.heldSets.get(name)).toMatchObject({ revision: at, members });
            }
            if (good.length === wanted.length)
              expect([...agent.heldSets.keys()].sort()).toEqual(named.sort());
            const isLevel = good.length === wanted.length;
            const host_ = bench.registry.get(id);
            expect(host_?.desiredRevision).toBe(revision);
            if (isLevel) expect(host_?.acknowledgedRevision).toBe(revision);
            const failed = bench.registry.realizations(
              { hostId: id, state: 'failed' },
              { after: undefined, limit: 10 },
            );
            expect(failed.map(({ policy }) => policy)).toEqual(
              wanted.filter(({ priority }) => priority === POISON).map(({ name }) => name),
            );
          }
          await bench.end();
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});
