import { ConnectionState, Match, TcpFlag } from '@nsgate/proto';
import { Violations } from '../rpc/violations';
import { parseMatch } from './match-parser';

/** The wire carries any number in an enum's place. */
const anyEnum = (number: number): never => number as never;

const SYN = TcpFlag.TCP_FLAG_SYN;
const ACK = TcpFlag.TCP_FLAG_ACK;
const NEW = ConnectionState.CONNECTION_STATE_NEW;
const CONNECTED = ConnectionState.CONNECTION_STATE_ESTABLISHED;

/** Paths of what is wrong with a match on INPUT, the match itself being ''. */
function fieldsOf(fields: Partial<Match>): string[] {
  const violations = new Violations();
  parseMatch({ ...Match.create(), ...fields }, 'input', { field: 'match', violations });
  const found = violations.any ? violations.toError().violations : [];
  return found.map(({ field }) => field.replace(/^match\.?/, ''));
}

describe('a match', () => {
  it.each<[string, Partial<Match>, string[]]>([
    [
      'every kind of field',
      {
        sources: ['10.0.0.0/8'],
        destinations: ['1.1.1.1'],
        protocol: 'udp',
        sourcePorts: ['0-65535'],
        destinationPorts: ['53'],
      },
      [],
    ],
    ['bits beyond a length', { sources: ['10.0.0.1/8'] }, ['sources[0]']],
    ['1025 sources', { sources: Array<string>(1025).fill('10.0.0.0/8') }, ['sources']],
    ['an unknown protocol', { protocol: 'TCP' }, ['protocol']],
    ['protocol 256', { protocol: '256' }, ['protocol']],
    ['protocol 06', { protocol: '06' }, ['protocol']],
    ['protocol 255', { protocol: '255' }, []],
    [
      'bad ports',
      { protocol: 'tcp', sourcePorts: ['', ' 80'], destinationPorts: ['70000'] },
      ['source_ports[0]', 'source_ports[1]', 'destination_ports[0]'],
    ],
    ['ports of any protocol', { destinationPorts: ['80'] }, ['destination_ports']],
    [
      'ports of a protocol that has none',
      { protocol: 'gre', sourcePorts: ['1'], destinationPorts: ['2'] },
      ['source_ports', 'destination_ports'],
    ],
    ['ports of an unknown protocol, told once', { protocol: 'x', destinationPorts: ['80'] }, ['protocol']],
    ['icmp with IPv6 prefixes only', { protocol: 'icmp', sources: ['2001:db8::/32'] }, ['protocol']],
    ['icmpv6 with IPv4 prefixes only', { protocol: '58', destinations: ['10.0.0.0/8'] }, ['protocol']],
    ['icmp with both families', { protocol: 'icmp', sources: ['2001:db8::/32', '10.0.0.0/8'] }, []],
    [
      'an IPv4 source that is taken away whole',
      { notSources: ['0.0.0.0/0'], destinations: ['1.1.1.1'] },
      [''],
    ],
    ['a field beside its negation', { sources: ['::1'], notSources: ['::2'] }, ['not_sources']],
    ['a protocol beside its negation', { protocol: 'tcp', notProtocol: 'udp' }, ['not_protocol']],
    ['a bad negated protocol', { notProtocol: 'x' }, ['not_protocol']],
    ['negated ports of any protocol', { notDestinationPorts: ['80'] }, ['not_destination_ports']],
    ['a set of no form', { sourceSets: ['addressSets/a', 'office'] }, ['source_sets[1]']],
    ['65 sets', { notSourceSets: Array<string>(65).fill('addressSets/a') }, ['not_source_sets']],
    ['types of icmp', { protocol: 'icmp', icmpTypes: ['8', '3/0-5', 'echo-reply'] }, []],
    ['types of icmp without it', { icmpTypes: ['8'] }, ['icmp_types']],
    [
      'a type that icmpv6 does not have',
      { protocol: 'icmpv6', icmpTypes: ['source-quench'] },
      ['icmp_types[0]'],
    ],
    ['flags without tcp', { protocol: 'udp', tcpFlags: [{ set: [SYN], unset: [] }] }, ['tcp_flags']],
    [
      'flags of no sense',
      {
        protocol: 'tcp',
        tcpFlags: [
          { set: [], unset: [] },
          { set: [SYN], unset: [ACK, SYN] },
          { set: [anyEnum(9), SYN, SYN], unset: [] },
        ],
      },
      ['tcp_flags[0]', 'tcp_flags[1].unset[1]', 'tcp_flags[2].set[0]', 'tcp_flags[2].set[2]'],
    ],
    [
      'both kinds of flags',
      { protocol: 'tcp', tcpFlags: [{ set: [SYN], unset: [] }], notTcpFlags: [{ set: [ACK], unset: [] }] },
      ['not_tcp_flags'],
    ],
    ['an interface of no name', { inInterfaces: ['eth0', 'a/b'] }, ['in_interfaces[1]']],
    ['an outgoing interface on INPUT', { notOutInterfaces: ['eth0'] }, ['not_out_interfaces']],
    ['states twice, and none', { states: [NEW, CONNECTED, NEW, anyEnum(0)] }, ['states[2]', 'states[3]']],
    ['a mark without a mask', { marks: ['0x10/0'] }, ['marks[0]']],
    ['families that never meet', { sources: ['10.0.0.0/8'], destinations: ['::1'] }, ['']],
    [
      'a bad prefix, which is not blamed for its family',
      { sources: ['nonsense'], destinations: ['::1'] },
      ['sources[0]'],
    ],
  ])('with %s', (_what, fields, expected) => {
    expect(fieldsOf(fields)).toEqual(expected);
  });
});
