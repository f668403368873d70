import type { ConnectResponse } from '@nsgate/proto';
import { countPrefixes } from '../model/packed-prefixes';
import { answerAll, Bench, ruleNaming, settle } from './bench.testing';
import type { FakeAgent } from './fake-agent.testing';

let bench: Bench;
beforeEach(async () => (bench = await new Bench().start()));
afterEach(() => bench.end());

const kinds = (agent: FakeAgent): (string | undefined)[] =>
  agent.call?.written.map(({ message }) => message?.$case) ?? [];
const last = (agent: FakeAgent): NonNullable<ConnectResponse['message']> => {
  const message = agent.call?.written.at(-1)?.message;
  if (message === undefined) throw new Error('nothing was sent');
  return message;
};

describe('address sets on their way to hosts', () => {
  it('go before the first policy that names them, and are removed behind the last', async () => {
    await bench.changeSet('office', { add: ['192.0.2.0/24'] });
    await bench.changeSet('other', { add: ['::1'] });
    await bench.write('a', { rules: [ruleNaming('office')] });
    const agent = bench.agent();
    await settle();
    agent.connect(new Map());
    await answerAll(agent);
    expect(kinds(agent)).toEqual(['welcome', 'setUpsert', 'upsert', 'inSync']);
    expect([...agent.heldSets.keys()]).toEqual(['addressSets/office']);
    await bench.write('a', { rules: [ruleNaming('other')] });
    await answerAll(agent);
    expect(kinds(agent).slice(4)).toEqual(['setUpsert', 'upsert', 'setRemove']);
    expect([...agent.heldSets.keys()]).toEqual(['addressSets/other']);
    expect(bench.registry.get('h1')).toMatchObject({ acknowledgedRevision: 4n, desiredRevision: 4n });
  });

  it('go to no host whose policies do not name them', async () => {
    await bench.changeSet('office', {});
    await bench.write('a');
    const agent = bench.agent();
    await settle();
    agent.connect(new Map());
    await bench.changeSet('office', { add: ['::1'] });
    await answerAll(agent);
    expect(kinds(agent)).toEqual(['welcome', 'upsert', 'inSync']);
    expect(bench.registry.get('h1')).toMatchObject({ acknowledgedRevision: 3n });
  });

  it('bring a host that comes back level by what has changed, however often', async () => {
    await bench.changeSet('office', {
      add: ['10.0.0.0/8', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
    });
    await bench.write('a', { rules: [ruleNaming('office')] });
    const agent = bench.agent();
    await settle();
    agent.connect(new Map());
    await answerAll(agent);
    agent.disconnect();
    await bench.changeSet('office', { add: ['::1'] });
    await bench.changeSet('office', { add: ['::2'], remove: ['::1', '10.0.0.0/8'] });
    agent.connect(new Map());
    await answerAll(agent);
    expect(kinds(agent)).toEqual(['welcome', 'setDelta', 'inSync']);
    expect(agent.heldSets.get('addressSets/office')).toMatchObject(
      await bench.store.addressSets.content('addressSets/office').then((one) => ({ members: one?.members })),
    );
  });

  it('are sent whole when a host refuses what changed', async () => {
    await bench.changeSet('office', { add: ['10.0.0.0/8', '192.0.2.0/24', '::3'] });
    await bench.write('a', { rules: [ruleNaming('office')] });
    const agent = bench.agent();
    await settle();
    agent.connect(new Map());
    await answerAll(agent);
    const held = agent.heldSets.get('addressSets/office')!;
    agent.heldSets.set('addressSets/office', { ...held, revision: 99n });
    await bench.changeSet('office', { add: ['::1'] });
    await answerAll(agent);
    // A part for each family.
    expect(kinds(agent).slice(5)).toEqual(['setDelta', 'setUpsert', 'setUpsert']);
  });

  it('tell of 10,000 members more of a million in a delta, encoded once for all hosts, and of nothing else', async () => {
    const sets = bench.store.addressSets;
    const name = 'addressSets/many';
    await bench.changeSet('many', {});
    const entries = (first: number, count: number): { v4: Buffer; v6: Buffer } => {
      const v4 = Buffer.alloc(count * 5, 32);
      for (let i = 0; i < count; i++) v4.writeUInt32BE(first + i, i * 5);
      return { v4, v6: Buffer.alloc(0) };
    };
    const note = { author: 'operator/test', reason: '' };
    await sets.change({ name, revision: undefined, add: entries(0x0a000000, 1_000_000), note });
    await bench.write('a', { rules: [ruleNaming('many')] });
    await settle();
    const [one, two] = [bench.agent('h1'), bench.agent('h2')];
    for (const agent of [one, two]) agent.connect(new Map());
    await answerAll(one, two);
    expect(kinds(one).filter((kind) => kind === 'setUpsert')).toHaveLength(5);
    const before = one.call?.written.length ?? 0;
    const start = performance.now();
    await sets.change({ name, revision: undefined, add: entries(0x0b000000, 10_000), note });
    await settle();
    expect(performance.now() - start).toBeLessThan(1000);
    await answerAll(one, two);
    expect(one.call?.written.length).toBe(before + 1);
    expect(last(one)).toMatchObject({ $case: 'setDelta', value: { name } });
    expect(one.call?.buffers.at(-1)?.length).toBeLessThan(51_000);
    expect(one.call?.buffers.at(-1)).toBe(two.call?.buffers.at(-1));
    expect(countPrefixes(one.heldSets.get(name)!.members)).toBe(1_010_000);
  }, 60_000);
});
