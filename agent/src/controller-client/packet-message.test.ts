import { Action as WireAction, ConnectionState, ConnectRequest, Hook as WireHook } from '@nsgate/proto';
import { Action, Family, Hook, PacketFlag, type KernelEvent } from '../kernel-device';
import { packetReports } from './packet-message';

type PacketEvent = Extract<KernelEvent, { type: 'packet' }>;

const packet: PacketEvent = {
  ...{ type: 'packet', number: 1n, time: 1n, birth: 5n, inode: 10, epoch: 1n, ruleId: 7n, suppressed: 3n },
  ...{ source: Buffer.from([10, 0, 0, 1]), destination: Buffer.from([10, 0, 0, 2]), length: 60, mark: 9 },
  ...{ sourcePort: 1234, destinationPort: 80, hook: Hook.FORWARD, family: Family.IPV4, protocol: 6 },
  ...{ verdict: Action.REJECT, icmpType: 0, icmpCode: 0, tcpFlags: 18, state: 2 },
  ...{ flags: PacketFlag.SHADOW | PacketFlag.FRAGMENT, inInterface: 'a', outInterface: 'b' },
};
const sample = { time: new Date(5), namespace: 'ns1', defaultPolicy: undefined, packet };

describe('reports of sampled packets', () => {
  it('say everything that the kernel has said, in the words of the API', () => {
    const [message] = packetReports({ packets: [sample], lost: 2n });
    expect(message).toMatchObject({
      message: {
        $case: 'packets',
        value: {
          lost: 2n,
          packets: [
            {
              ...{ time: new Date(5), namespace: 'ns1', ruleKey: 7n, defaultPolicy: '', suppressed: 3n },
              ...{ hook: WireHook.HOOK_FORWARD, verdict: WireAction.ACTION_REJECT, shadow: true },
              ...{ protocol: 6, sourcePort: 1234, destinationPort: 80, length: 60, mark: 9, tcpFlags: 18 },
              ...{ inInterface: 'a', outInterface: 'b', fragment: true, malformed: false },
              state: ConnectionState.CONNECTION_STATE_ESTABLISHED,
            },
          ],
        },
      },
    });
  });

  it('tell of losses alone, and are not sent for nothing', () => {
    expect(packetReports({ packets: [], lost: 0n })).toEqual([]);
    expect(packetReports({ packets: [], lost: 4n })).toMatchObject([{ message: { value: { lost: 4n } } }]);
  });

  it('are split, and tell of each loss once', () => {
    const messages = packetReports({ packets: Array.from({ length: 2500 }, () => sample), lost: 1n });
    const values = messages.map(({ message }) => (message?.$case === 'packets' ? message.value : undefined));
    expect(values.map((value) => value?.packets.length)).toEqual([1000, 1000, 500]);
    expect(values.map((value) => value?.lost)).toEqual([1n, 0n, 0n]);
    for (const message of messages)
      expect(ConnectRequest.encode(message).finish().length).toBeLessThan(1 << 18);
  });
});
