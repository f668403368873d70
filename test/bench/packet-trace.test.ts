import { countHits, packetTrace } from './packet-trace';
import { matches, udp } from './rule';
import { generateRuleset } from './ruleset-generator';
import { SeededRandom } from './seeded-random';

describe('the packets sent at a ruleset', () => {
  const rules = generateRuleset('ipc', 200, 3);
  const packets = packetTrace(rules, new SeededRandom(3), 64);

  it('are the same for the same random numbers', () => {
    expect(packetTrace(rules, new SeededRandom(3), 64)).toEqual(packets);
  });

  it('are UDP, half of them within a rule', () => {
    expect(packets.every(({ protocol }) => protocol === udp)).toBe(true);
    const meantForRule = packets.filter((_, index) => index % 2 === 0);
    expect(meantForRule.every((packet) => rules.some((rule) => matches(rule, packet)))).toBe(true);
    expect(countHits(rules, packets)).toBeGreaterThanOrEqual(packets.length / 2);
  });

  it('match nothing at all where no rule is about UDP', () => {
    const withoutUdp = rules.filter(({ protocol }) => protocol !== udp && protocol !== undefined);
    expect(countHits(withoutUdp, packetTrace(withoutUdp, new SeededRandom(3), 64))).toBe(0);
  });
});
