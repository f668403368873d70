import { explainRequest, isOfProtocol, problemsIn, problemsOf } from './explain-question';

const PACKET = { host: 'h1', namespace: 'n', hook: 'HOOK_INPUT', source: '::1', destination: '::2' };

it('sends what belongs to a packet of the protocol, at the hook', () => {
  const typed = {
    ...{ source_port: '40000', destination_port: '443', icmp_type: '8', tcp_flags: 'SYN,ECE' },
    ...{ in_interface: 'eth0', out_interface: 'eth1', mark: '0x10', state: '' },
  };
  const request = { ...PACKET, host: 'hosts/h1', in_interface: 'eth0', mark: 16 };
  expect(explainRequest({ ...PACKET, ...typed, protocol: 'tcp' })).toEqual({
    ...request,
    protocol: 'tcp',
    source_port: 40_000,
    destination_port: 443,
    tcp_flags: ['TCP_FLAG_SYN', 'TCP_FLAG_ECE'],
  });
  expect(explainRequest({ ...PACKET, ...typed, protocol: ' icmpv6 ' })).toEqual({
    ...request,
    protocol: 'icmpv6',
    icmp_type: 8,
  });
});

it.each([
  ['HOOK_PREROUTING', true, false],
  ['HOOK_INPUT', true, false],
  ['HOOK_FORWARD', true, true],
  ['HOOK_OUTPUT', false, true],
  ['HOOK_POSTROUTING', false, true],
])('knows which interfaces a packet has at %s', (hook, hasIn, hasOut) => {
  const question = { hook, protocol: 'udp' };
  expect([isOfProtocol('in_interface', question), isOfProtocol('out_interface', question)]).toEqual([
    hasIn,
    hasOut,
  ]);
});

it('says of text that it is no number, before it asks', () => {
  const typed = { protocol: 'tcp', source_port: 'ssh', destination_port: '99999999', mark: '0x1g' };
  expect(problemsOf(typed)).toEqual({ source_port: '"ssh" is no number', mark: '"0x1g" is no number' });
});

it("puts the controller's words to the field that they are about", () => {
  expect(problemsIn([{ field: 'tcp_flags[1]', description: 'is none' }])).toEqual({ tcp_flags: 'is none' });
});
