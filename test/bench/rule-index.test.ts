import { packetTrace } from './packet-trace';
import { matches } from './rule';
import { RuleIndex } from './rule-index';
import { generateRuleset, likelyFamilies } from './ruleset-generator';
import { SeededRandom } from './seeded-random';

describe.each([...likelyFamilies])('an index of rules of the family %s', (family) => {
  it('finds a match for a packet exactly where one of the rules matches it', () => {
    const rules = generateRuleset(family, 300, 5);
    const packets = packetTrace(rules, new SeededRandom(5), 600);
    const narrowRules = rules.slice(0, 200);
    const index = new RuleIndex(narrowRules);
    const expected = packets.map((packet) => narrowRules.some((rule) => matches(rule, packet)));
    expect(packets.map((packet) => index.matchesAny(packet))).toEqual(expected);
    expect(new Set(expected).size).toBe(2);
  });
});

it('an index of no rules matches nothing', () => {
  const packets = packetTrace(generateRuleset('acl', 10, 1), new SeededRandom(1), 10);
  expect(packets.some((packet) => new RuleIndex([]).matchesAny(packet))).toBe(false);
});
