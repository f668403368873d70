import { iptablesRuleset } from './iptables-ruleset';
import { nftLinear, nftSet, rulesForSet } from './nftables-ruleset';
import { anyPort, prefixOf, type Rule, udp } from './rule';

const everything: Rule = {
  source: prefixOf(0, 0),
  destination: prefixOf(0, 0),
  protocol: undefined,
  sourcePorts: anyPort,
  destinationPorts: anyPort,
};
const dnsOfOneNetwork: Rule = {
  source: prefixOf(0x0a000000, 8),
  destination: prefixOf(0xc0a80101, 32),
  protocol: udp,
  sourcePorts: { first: 1024, last: 65535 },
  destinationPorts: { first: 53, last: 53 },
};

describe('a rule in each subject’s words', () => {
  it('names the fields that are not wild', () => {
    expect(nftLinear([dnsOfOneNetwork], 4)).toContain(
      'ip saddr 10.0.0.0/8 ip daddr 192.168.1.1/32 udp sport 1024-65535 udp dport 53 accept\n',
    );
    expect(iptablesRuleset([dnsOfOneNetwork], 4)).toContain(
      '-A PREROUTING -s 10.0.0.0/8 -d 192.168.1.1/32 -p 17 --sport 1024:65535 --dport 53 -j ACCEPT\n',
    );
    expect(nftSet([dnsOfOneNetwork], 4)).toContain('10.0.0.0/8 . 192.168.1.1/32 . 17 . 1024-65535 . 53');
  });

  it('has the same networks and hosts in IPv6, behind a prefix for documentation', () => {
    const linear = nftLinear([dnsOfOneNetwork], 6);
    expect(linear).toContain('table ip6 bench {');
    expect(linear).toContain(
      'ip6 saddr 2001:db8:a00:0:0:0:0:0/40 ip6 daddr 2001:db8:c0a8:101:0:0:c0a8:101/128 udp sport',
    );
    expect(iptablesRuleset([dnsOfOneNetwork], 6)).toContain('-s 2001:db8:a00:0:0:0:0:0/40 -d 2001:db8:');
    expect(nftSet([everything], 6)).toContain('0:0:0:0:0:0:0:0/0 . 0:0:0:0:0:0:0:0/0 . 0-255');
  });

  it('accepts everything when all its fields are wild', () => {
    expect(nftLinear([everything], 4)).toContain('\naccept\n');
    expect(iptablesRuleset([everything], 4)).toContain('\n-A PREROUTING -j ACCEPT\n');
    expect(nftSet([everything], 4)).toContain('0.0.0.0/0 . 0.0.0.0/0 . 0-255 . 0-65535 . 0-65535');
  });
});

describe('what one concatenated interval set can hold', () => {
  it('is rules apart from each other, and a wider rule around a narrower one', () => {
    const other = { ...dnsOfOneNetwork, source: prefixOf(0x0b000000, 8) };
    expect(rulesForSet([dnsOfOneNetwork, other, everything])).toEqual([dnsOfOneNetwork, other, everything]);
  });

  it('is no rule that begins or ends inside another', () => {
    expect(rulesForSet([everything, dnsOfOneNetwork])).toEqual([everything]);
    expect(rulesForSet([dnsOfOneNetwork, dnsOfOneNetwork])).toEqual([dnsOfOneNetwork]);
  });
});
