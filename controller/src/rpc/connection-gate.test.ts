import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { CallMeter } from './call-meter';
import { CONNECTION_LIMITS, ConnectionGate } from './connection-gate';

let now = 0;
let port = 0;
const LIMITS = {
  ...CONNECTION_LIMITS,
  ...{ total: 6, perAddress: 4, ratePerAddress: 1, burstPerAddress: 5, handshakesPerAddress: 2 },
};

class FakeSocket extends EventEmitter {
  readonly remotePort = (port += 1);
  constructor(readonly remoteAddress: string) {
    super();
  }
  destroy(): void {
    this.emit('close');
  }
}

const socket = (address: string): Socket & FakeSocket =>
  new FakeSocket(address) as unknown as Socket & FakeSocket;

describe('the gate', () => {
  it('takes so many connections of an address, and so many of all, until others close', () => {
    const gate = new ConnectionGate(LIMITS, () => now);
    const shaken = (address: string): FakeSocket | undefined => {
      const one = socket(address);
      if (!gate.admit(one)) return undefined;
      gate.established(one);
      return one;
    };
    const first = Array.from({ length: 5 }, () => shaken('192.0.2.1'));
    expect(first.map((one) => one !== undefined)).toEqual([true, true, true, true, false]);
    expect([shaken('192.0.2.2'), shaken('192.0.2.3'), shaken('192.0.2.4')].map(Boolean)).toEqual([
      true,
      true,
      false,
    ]);
    expect(gate.refused).toBe(2);
    first[0]?.destroy();
    expect(shaken('192.0.2.1')).toBeDefined();
  });

  it('takes so many a second, also of those that are closed at once', () => {
    const gate = new ConnectionGate(LIMITS, () => now);
    const storm = (): number =>
      Array.from({ length: 9 }, () => {
        const one = socket('2001:db8::1');
        const taken = gate.admit(one);
        one.destroy();
        return taken;
      }).filter(Boolean).length;
    expect(storm()).toBe(5);
    expect(storm()).toBe(0);
    now += 2000;
    expect(storm()).toBe(2);
    // All of a /64 is one address.
    expect(gate.admit(socket('2001:db8::ffff'))).toBe(false);
    expect(gate.admit(socket('2001:db8:0:1::1'))).toBe(true);
  });

  it('cuts the oldest handshake of an address that has too many, and no other', () => {
    const gate = new ConnectionGate(LIMITS, () => now);
    const [done, silent, quick, next] = Array.from({ length: 4 }, () => socket('192.0.2.1'));
    const cut: number[] = [];
    [done, silent, quick, next].forEach((one, index) => one?.once('close', () => cut.push(index)));
    if (done !== undefined && gate.admit(done)) gate.established(done);
    for (const one of [silent, quick, next]) if (one !== undefined) gate.admit(one);
    expect(cut).toEqual([1]);
  });
});

describe('open calls', () => {
  const exhausted = expect.objectContaining({ code: status.RESOURCE_EXHAUSTED }) as unknown;
  const meter = new CallMeter({ perOperator: 3, perHost: 2, perStranger: 1, strangers: 2 });
  const open = (kind: 'host' | 'certificate', id: string): (() => void) => meter.open({ kind, id }, 'a');

  it('are counted for each caller apart, by its kind', () => {
    const [leave] = [open('host', 'x'), open('host', 'x'), open('certificate', 'x')];
    expect(() => open('host', 'x')).toThrow(exhausted as Error);
    expect(() => open('host', 'y')).not.toThrow();
    leave();
    expect(() => open('host', 'x')).not.toThrow();
  });

  it('of strangers are counted by address, and all together', () => {
    const stranger = (address: string): (() => void) => meter.open({ kind: 'anonymous' }, address);
    const leave = stranger('1');
    expect(() => stranger('1')).toThrow(exhausted as Error);
    stranger('2');
    expect(() => stranger('3')).toThrow(exhausted as Error);
    leave();
    expect(() => stranger('3')).not.toThrow();
  });
});
