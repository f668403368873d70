import { Action, Hook, PacketSample, TcpFlag } from '@nsgate/proto';
import { packetLine } from './packets';
import { secondsSince } from './statistics';

describe('a time on the command line', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');

  it.each([
    ['90', 90],
    ['90s', 90],
    ['15m', 900],
    ['36h', 129_600],
    ['30d', 2_592_000],
    ['2026-11-24T11:00:00Z', 3600],
    ['2026-11-24T13:00+02:00', 3600],
    ['2026-11-24T11:59:59.5Z', 0],
  ])('%s is %d seconds ago', (text, seconds) => expect(secondsSince(text, now)).toBe(seconds));

  it.each(['', 'd', '-1s', '1.5h', '1w', '99999999999', '24.11.2026', '2026-13-01', 'yesterday'])(
    '%j is none',
    (text) => expect(() => secondsSince(text, now)).toThrow('is no time such as'),
  );

  it('is past', () => expect(() => secondsSince('2026-11-25', now)).toThrow('is still to come'));
});

describe('a sampled packet as a line', () => {
  const packet = PacketSample.fromPartial({
    ...{
      time: new Date(0),
      host: 'hosts/h1',
      namespace: 'ns1',
      hook: Hook.HOOK_INPUT,
      policy: 'policies/web',
    },
    ...{ ruleId: 'ssh', verdict: Action.ACTION_DROP, source: '10.0.0.1', destination: '2001:db8::1' },
    ...{ protocol: 6, sourcePort: 4000, destinationPort: 22, length: 60, tcpFlags: [TcpFlag.TCP_FLAG_SYN] },
    inInterface: 'eth0',
  });

  it('says where, what became of it, by which rule, and what it was', () => {
    expect(packetLine(packet)).toBe(
      '1970-01-01T00:00:00.000Z h1/ns1 input drop web/ssh 10.0.0.1:4000 -> [2001:db8::1]:22 tcp syn 60 bytes in eth0',
    );
  });

  it('names the default verdict, shadow, and what was not sampled', () => {
    const fields = { defaultVerdict: true, ruleId: '', shadow: true, suppressed: 7n };
    const line = packetLine({ ...packet, ...fields });
    expect(line).toContain(' shadow-drop web/(default drop) ');
    expect(line).toContain('(7 more not sampled)');
  });
});
