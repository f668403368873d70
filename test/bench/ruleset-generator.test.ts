import { lastAddress, type PortRange, type Prefix, type Rule, tcp, udp } from './rule';
import { likelyFamilies, generateRuleset } from './ruleset-generator';

function share(rules: readonly Rule[], holds: (rule: Rule) => boolean): number {
  return rules.filter(holds).length / rules.length;
}

describe.each([...likelyFamilies])('rulesets of the family %s', (family) => {
  const rules = generateRuleset(family, 2000, 7);

  it('have exactly the size asked for, and no rule twice', () => {
    expect(new Set(rules.map((rule) => JSON.stringify(rule))).size).toBe(2000);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(generateRuleset(family, 50, 7)).toEqual(generateRuleset(family, 50, 7));
    expect(generateRuleset(family, 50, 8)).not.toEqual(generateRuleset(family, 50, 7));
  });

  it('hold only prefixes without stray bits, and ordered port ranges', () => {
    const isPrefix = (prefix: Prefix): boolean =>
      prefix.address % 2 ** (32 - prefix.length) === 0 && lastAddress(prefix) < 2 ** 32;
    const isRange = ({ first, last }: PortRange): boolean => 0 <= first && first <= last && last <= 65535;
    const isSound = (rule: Rule): boolean =>
      [rule.source, rule.destination].every(isPrefix) &&
      [rule.sourcePorts, rule.destinationPorts].every(isRange);
    expect(rules.filter((rule) => !isSound(rule))).toEqual([]);
  });

  it('name ports only where the protocol has them', () => {
    const namesPorts = ({ sourcePorts, destinationPorts }: Rule): boolean =>
      [sourcePorts, destinationPorts].some(({ first, last }) => last - first < 65535);
    const named = new Set(rules.filter(namesPorts).map(({ protocol }) => protocol));
    expect([...named].sort()).toEqual([udp, tcp]);
  });
});

describe('the likelyFamilies differ as real filters do', () => {
  const rulesOf = (family: (typeof likelyFamilies)[number]): Rule[] => generateRuleset(family, 2000, 7);

  it('access lists name single hosts and a destination port, and leave the source port open', () => {
    const rules = rulesOf('acl');
    expect(share(rules, ({ sourcePorts }) => sourcePorts.first === 0 && sourcePorts.last === 65535)).toBe(1);
    expect(share(rules, ({ source }) => source.length >= 30)).toBeGreaterThan(0.7);
  });

  it('firewalls leave one of the addresses open in most rules', () => {
    expect(
      share(rulesOf('fw'), ({ source, destination }) => Math.min(source.length, destination.length) <= 2),
    ).toBeGreaterThan(0.7);
  });

  it('IP chains leave the protocol open in every third rule', () => {
    const open = share(rulesOf('ipc'), ({ protocol }) => protocol === undefined);
    expect(open).toBeGreaterThan(0.25);
    expect(open).toBeLessThan(0.4);
  });
});
