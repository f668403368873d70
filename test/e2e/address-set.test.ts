/** Address sets, Explain and events: an operator's change of members reaches the packets of a namespace, and its kernel answers for it. */
import { promisify } from 'node:util';
import type { ServiceError } from '@grpc/grpc-js';
import {
  Action,
  AddressSetServiceClient,
  clientCredentials,
  CreateAddressSetRequest,
  ExplainRequest,
  FleetServiceClient,
  Hook,
  HostEventKind,
  ListHostEventsRequest,
  ModifyAddressSetMembersRequest,
  RollbackAddressSetRequest,
  type AddressSet,
  type ExplainResponse,
  type ListHostEventsResponse,
  type Policy,
} from '@nsgate/proto';
import { openKernelDevice } from '../../agent/src/kernel-device';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { policyOf, rule } from './harness/policies';
import { HOST_ID, Site } from './harness/site';

const SET = 'addressSets/senders';
const MEMBERS = 5_000;

let site: Site;
let web: Namespace;
let sets: AddressSetServiceClient;
let fleet: FleetServiceClient;
let stored: Policy;
let created: AddressSet;

beforeAll(async () => {
  loadModule();
  web = Namespace.add('web', 31);
  site = await Site.start();
  const credentials = clientCredentials(site.operatorTls);
  const options = { 'grpc.ssl_target_name_override': 'localhost' };
  sets = new AddressSetServiceClient(site.address, credentials, options);
  fleet = new FleetServiceClient(site.address, credentials, options);
  created = await call(
    sets.createAddressSet.bind(sets),
    CreateAddressSetRequest.fromPartial({ addressSetId: 'senders', members: addresses(MEMBERS) }),
  );
  const dropSenders = rule('senders', { protocol: 'icmp', sourceSets: [SET] });
  stored = await site.operator.applyPolicy(policyOf('senders', { include: ['web'], rules: [dropSenders] }));
  await site.operator.waitEnforced({ policy: stored, host: `hosts/${HOST_ID}`, namespace: 'web' });
});
afterAll(async () => {
  sets.close();
  fleet.close();
  await site.stop();
  web.delete();
  unloadModule();
});

function call<Request, Response>(
  method: (request: Request, done: (error: ServiceError | null, response: Response) => void) => unknown,
  request: Request,
): Promise<Response> {
  return promisify(method)(request);
}

/** Addresses of 198.18.0.0/15 (RFC 2544): none is anybody's here. */
function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `198.18.${i >> 8}.${i & 255}`);
}

function modify(
  change: Parameters<typeof ModifyAddressSetMembersRequest.fromPartial>[0],
): Promise<AddressSet> {
  const request = ModifyAddressSetMembersRequest.fromPartial({ name: SET, ...change });
  return call(sets.modifyAddressSetMembers.bind(sets), request);
}

/** A ping from the initial namespace, as the ruleset in the kernel would judge it. */
function explain(source: string): Promise<ExplainResponse> {
  const packet = { hook: Hook.HOOK_INPUT, source, destination: web.address, protocol: 'icmp', icmpType: 8 };
  const request = ExplainRequest.fromPartial({ host: `hosts/${HOST_ID}`, namespace: 'web', ...packet });
  return call(fleet.explain.bind(fleet), { ...request, timeout: { seconds: 60n, nanos: 0 } });
}

/** What is bound to the namespace: another epoch would be another binding. */
function binding(): unknown {
  const device = openKernelDevice();
  try {
    return device.list().namespaces.find(({ inode }) => inode === web.inode)?.binding;
  } finally {
    device.close();
  }
}

const GATEWAY = '10.9.31.1';

describe('a change of members', () => {
  it('reaches the kernel while the ruleset and its binding stay', async () => {
    const before = binding();
    expect(web.answersPing()).toBe(true);
    const changed = await modify({ add: [`${GATEWAY}/32`], remove: ['198.18.0.0'] });
    expect(changed.memberCount).toBe(BigInt(MEMBERS));
    await eventually(() => expect(web.answersPing()).toBe(false));
    expect(binding()).toEqual(before);
  });

  it('is answered for by the ruleset that is live, with rule, policy and revision', async () => {
    expect(await explain(GATEWAY)).toMatchObject({
      verdict: Action.ACTION_DROP,
      policy: stored.name,
      ruleId: 'senders',
      policyRevision: stored.revision,
    });
    expect(await explain('198.18.0.0')).toMatchObject({ verdict: Action.ACTION_ACCEPT, ruleId: '' });
  });

  it('is taken back by a roll-back of the set', async () => {
    const request = RollbackAddressSetRequest.create({ name: SET, revision: created.revision });
    await call(sets.rollbackAddressSet.bind(sets), request);
    await eventually(() => expect(web.answersPing()).toBe(true));
    expect(await explain('198.18.0.0')).toMatchObject({ verdict: Action.ACTION_DROP });
  });
});

describe('what happens on a host', () => {
  it('is told: a module that was loaded again, and its rules with the members of their sets', async () => {
    unloadModule();
    loadModule();
    await eventually(async () => {
      const request = ListHostEventsRequest.fromPartial({ parent: `hosts/${HOST_ID}` });
      const { events } = await call<ListHostEventsRequest, ListHostEventsResponse>(
        fleet.listHostEvents.bind(fleet),
        request,
      );
      expect(events.map(({ event }) => event?.kind)).toContain(HostEventKind.HOST_EVENT_KIND_MODULE_RELOADED);
    });
    await eventually(async () =>
      expect(await explain('198.18.0.0')).toMatchObject({ verdict: Action.ACTION_DROP }),
    );
  });
});
