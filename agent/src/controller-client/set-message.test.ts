import { AddressSetDelta, AddressSetUpsert } from '@nsgate/proto';
import { PolicyFault } from '../desired-state/policy';
import { readSetChange, SetAssembly } from './set-message';

const ONE = Buffer.from([10, 0, 0, 1, 32]);
const TWO = Buffer.from([10, 0, 0, 2, 32]);
const SIX = Buffer.concat([Buffer.from('20010db8000000000000000000000001', 'hex'), Buffer.from([128])]);

function part(fields: Partial<AddressSetUpsert>): AddressSetUpsert {
  return AddressSetUpsert.fromPartial({
    ...{ nonce: 1n, name: 'addressSets/blocked', uid: 'u', revision: 7n, part: 0, parts: 1 },
    ...fields,
  });
}

describe('an address set that is sent', () => {
  it('is whole when its only part has come', () => {
    const set = new SetAssembly().take(part({ members4: Buffer.concat([ONE, TWO]), members6: SIX }));
    expect(set).toMatchObject({ name: 'addressSets/blocked', uid: 'u', revision: 7n });
    expect(set?.members.v4.length).toBe(10);
    expect(set?.members.v6.length).toBe(17);
  });

  it('is whole when the last of several parts has come', () => {
    const assembly = new SetAssembly();
    expect(assembly.take(part({ parts: 3, members4: ONE }))).toBeUndefined();
    expect(assembly.take(part({ parts: 3, part: 1, members4: TWO }))).toBeUndefined();
    const set = assembly.take(part({ parts: 3, part: 2, members6: SIX }));
    expect(set && Buffer.from(set.members.v4)).toEqual(Buffer.concat([ONE, TWO]));
  });

  it('may be empty', () => {
    expect(new SetAssembly().take(part({}))?.members.v4.length).toBe(0);
  });

  it.each<[string, AddressSetUpsert[], string]>([
    ['without its first part', [part({ part: 1, parts: 2 })], 'part 1 of 2 does not follow'],
    ['with a part left out', [part({ parts: 3 }), part({ part: 2, parts: 3 })], 'part 2 of 3'],
    [
      'with a part of another',
      [part({ parts: 2 }), part({ part: 1, parts: 2, revision: 8n })],
      'part 1 of 2',
    ],
    ['under a name that is none', [part({ name: 'blocked' })], '"blocked" is no address set'],
    ['without a uid', [part({ uid: '' })], 'uid'],
    ['of no parts', [part({ parts: 0 })], 'no parts'],
    ['out of order', [part({ members4: Buffer.concat([TWO, ONE]) })], 'member 1 does not come after'],
    ['in halves', [part({ members4: Buffer.alloc(4) })], 'no whole number'],
  ])('%s is refused', (_what, parts, reason) => {
    const assembly = new SetAssembly();
    const take = (): void => parts.forEach((one) => assembly.take(one));
    expect(take).toThrow(PolicyFault);
    expect(() => parts.forEach((one) => new SetAssembly().take({ ...one, part: 9 }))).toThrow(PolicyFault);
    const again = new SetAssembly();
    expect(() => parts.forEach((one) => again.take(one))).toThrow(reason);
  });

  it('is refused once, whatever follows of it, and the next is taken', () => {
    const assembly = new SetAssembly();
    expect(() => assembly.take(part({ uid: '', parts: 2 }))).toThrow(PolicyFault);
    expect(assembly.take(part({ part: 1, parts: 2 }))).toBeUndefined();
    expect(assembly.take(part({ nonce: 2n }))).toBeDefined();
  });
});

describe('a change of an address set', () => {
  const delta = (fields: Partial<AddressSetDelta>): AddressSetDelta =>
    AddressSetDelta.fromPartial({ name: 'addressSets/blocked', fromRevision: 7n, revision: 9n, ...fields });

  it('is read with its revisions and members', () => {
    const { name, change } = readSetChange(delta({ add4: ONE, remove4: TWO, remove6: SIX }));
    expect(name).toBe('addressSets/blocked');
    expect(change).toMatchObject({ from: 7n, revision: 9n });
    expect(Buffer.from(change.remove.v6)).toEqual(SIX);
  });

  it.each<[string, AddressSetDelta, string]>([
    ['that leads nowhere', delta({ revision: 7n }), 'to itself'],
    ['of a member both ways', delta({ add4: ONE, remove4: ONE }), 'both added and removed'],
    ['of no set', delta({ name: '' }), 'no address set'],
    ['of members out of order', delta({ remove4: Buffer.concat([TWO, ONE]) }), 'to remove'],
  ])('%s is refused', (_what, message, reason) => {
    expect(() => readSetChange(message)).toThrow(reason);
  });
});
