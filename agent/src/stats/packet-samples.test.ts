import fc from 'fast-check';
import { Action, Family, Hook } from '../kernel-device';
import { BootClock } from './boot-clock';
import { PacketSamples, type PacketEvent } from './packet-samples';

function packetEvent(fields: Partial<PacketEvent> = {}): PacketEvent {
  return {
    ...{ type: 'packet', number: 1n, time: 1_000_000_000n, birth: 5n, inode: 10, epoch: 1n, ruleId: 7n },
    ...{ suppressed: 0n, source: Buffer.from([10, 0, 0, 1]), destination: Buffer.from([10, 0, 0, 2]) },
    ...{ length: 60, mark: 0, sourcePort: 1234, destinationPort: 80, hook: Hook.INPUT, family: Family.IPV4 },
    ...{ protocol: 6, verdict: Action.DROP, icmpType: 0, icmpCode: 0, tcpFlags: 2, state: 1, flags: 0 },
    ...{ inInterface: 'eth0', outInterface: '' },
    ...fields,
  };
}

describe('sampled packets', () => {
  const names = new Map([[5n, 'ns1']]);
  const make = (limit?: number): PacketSamples =>
    new PacketSamples({
      clock: new BootClock(
        () => 5000,
        () => 1_000_000,
      ),
      names: () => names,
      authorOfDefault: (namespace, hook) => `policies/default-of-${namespace}-${Hook[hook]}`,
      ...(limit !== undefined && { limit }),
    });

  it('are told with the name of the namespace and the time of people', () => {
    const samples = make();
    samples.note([packetEvent(), packetEvent({ birth: 6n, inode: 11 })], 0n);
    expect(samples.take()).toMatchObject({
      packets: [
        { namespace: 'ns1', time: new Date(996_000), defaultPolicy: undefined },
        { namespace: 'inode:11' },
      ],
      lost: 0n,
    });
  });

  it('of a default verdict name the policy that states it', () => {
    const samples = make();
    samples.note([packetEvent({ ruleId: 0n })], 0n);
    expect(samples.take().packets[0]?.defaultPolicy).toBe('policies/default-of-ns1-INPUT');
  });

  it('are each either taken once, in order, or counted as lost', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ note: fc.integer({ min: 0, max: 9 }), lost: fc.bigInt({ min: 0n, max: 3n }) }),
        fc.constant('take' as const),
      ),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const samples = make(5);
        let noted = 0n;
        let lostByKernel = 0n;
        const taken: bigint[] = [];
        let lost = 0n;
        const take = (): void => {
          const now = samples.take();
          expect(now.packets.length).toBeLessThanOrEqual(5);
          taken.push(...now.packets.map(({ packet }) => packet.number));
          lost += now.lost;
        };
        for (const step of all) {
          if (step === 'take') take();
          else {
            const packets = Array.from({ length: step.note }, () => packetEvent({ number: (noted += 1n) }));
            samples.note(packets, step.lost);
            lostByKernel += step.lost;
          }
        }
        take();
        expect(BigInt(taken.length) + lost).toBe(noted + lostByKernel);
        expect(taken).toEqual([...new Set(taken)].sort((a, b) => Number(a - b)));
      }),
    );
  });
});

describe('the clock of the kernel', () => {
  it('follows the wall clock when it is set, and no jitter', () => {
    let [boot, wall] = [1000, 500_000];
    const clock = new BootClock(
      () => boot,
      () => wall,
    );
    clock.look();
    expect(clock.wallTime(1_000_000_000n)).toEqual(new Date(500_000));
    boot += 1000;
    wall += 1010;
    clock.look();
    expect(clock.wallTime(1_000_000_000n)).toEqual(new Date(500_000));
    wall += 3_600_000;
    clock.look();
    expect(clock.wallTime(2_000_000_000n)).toEqual(new Date(4_101_010));
  });
});
