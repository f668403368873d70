/** The controller is killed at any moment of a thousand writes: what it acknowledged is there, what it did not is whole or absent. */
import { setTimeout } from 'node:timers/promises';
import { CreatePolicyRequest, ListPoliciesRequest, Policy, type ListPoliciesResponse } from '@nsgate/proto';
import { buildController, ControllerProcess, unary, type Clients } from './controller-process.testing';

jest.setTimeout(180_000);

const WRITES = 1000;
/** Whatever is stored of a policy is stored whole: every one looks like this. */
const DESCRIPTION = 'x'.repeat(1000);

async function write(clients: Clients, index: number): Promise<boolean> {
  const policy = Policy.create({
    name: `policies/p${index}`,
    description: DESCRIPTION,
    labels: { index: String(index) },
    namespaces: { include: [`ns${index}`], exclude: [] },
  });
  return unary((done) => clients.policies.createPolicy(CreatePolicyRequest.create({ policy }), done)).then(
    () => true,
    () => false,
  );
}

async function everyPolicy(clients: Clients): Promise<Policy[]> {
  const policies: Policy[] = [];
  let pageToken = '';
  do {
    const request = ListPoliciesRequest.fromPartial({ pageSize: 1000, pageToken });
    const page = await unary<ListPoliciesResponse>((done) => clients.policies.listPolicies(request, done));
    policies.push(...page.policies);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return policies;
}

describe('a controller that is killed at random during a thousand writes', () => {
  it('has each that it acknowledged, and each other whole or not at all', async () => {
    buildController();
    const controller = new ControllerProcess();
    const acknowledged = new Set<string>();
    let next = 0;
    for (let kills = 0; next < WRITES; kills++) {
      await controller.start();
      const clients = controller.local();
      const killed =
        kills < 5 ? setTimeout(100 + Math.random() * 400).then(() => controller.stop('SIGKILL')) : undefined;
      let alive = true;
      void killed?.then(() => (alive = false));
      // Several at once, so that a kill meets some of them half way.
      const writer = async (): Promise<void> => {
        while (alive && next < WRITES) {
          const index = next++;
          if (await write(clients, index)) acknowledged.add(`policies/p${index}`);
        }
      };
      await Promise.all(Array.from({ length: 8 }, writer));
      await killed;
      clients.close();
      await controller.stop('SIGKILL');
    }
    await controller.start();
    const clients = controller.local();
    const policies = await everyPolicy(clients);
    clients.close();
    await controller.remove();
    const found = new Set(policies.map(({ name }) => name));
    expect([...acknowledged].filter((name) => !found.has(name))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(WRITES / 2);
    for (const { name, description, labels, namespaces } of policies) {
      const index = name.slice('policies/p'.length);
      expect([description, labels, namespaces?.include]).toEqual([DESCRIPTION, { index }, [`ns${index}`]]);
    }
  });
});
