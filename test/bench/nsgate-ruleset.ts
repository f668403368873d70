// Rules as the kernel module takes them.
import {
  Action,
  type Digest,
  Family,
  Hook,
  type Match,
  MatchKind,
  type PortRange as ModulePortRange,
  type Prefix as ModulePrefix,
  type Ruleset,
  rulesetDigest,
} from '../../agent/src/kernel-device';
import { anyPort, type Ip, lengthIn, type PortRange, type Prefix, prefixBytes, type Rule } from './rule';

type AddressKind = MatchKind.SRC4 | MatchKind.DST4 | MatchKind.SRC6 | MatchKind.DST6;

const families: Readonly<Record<Ip, Family>> = { 4: Family.IPV4, 6: Family.IPV6 };

function addressMatch(kind: AddressKind, prefix: Prefix, ip: Ip): Match[] {
  const item: ModulePrefix = { address: prefixBytes(prefix, ip), length: lengthIn(ip, prefix) };
  return prefix.length === 0 ? [] : [{ kind, items: [item] }];
}

function portMatch(kind: MatchKind.SPORT | MatchKind.DPORT, { first, last }: PortRange): Match[] {
  const items: ModulePortRange[] = [{ first, last }];
  return first === anyPort.first && last === anyPort.last ? [] : [{ kind, items }];
}

function matchesOf(rule: Rule, ip: Ip): Match[] {
  return [
    ...addressMatch(ip === 4 ? MatchKind.SRC4 : MatchKind.SRC6, rule.source, ip),
    ...addressMatch(ip === 4 ? MatchKind.DST4 : MatchKind.DST6, rule.destination, ip),
    ...(rule.protocol === undefined ? [] : [{ kind: MatchKind.PROTOCOL as const, items: [rule.protocol] }]),
    ...portMatch(MatchKind.SPORT, rule.sourcePorts),
    ...portMatch(MatchKind.DPORT, rule.destinationPorts),
  ];
}

/** The rules at PREROUTING, accepting what they match and by default the rest, and the digest they are known by. */
export function nsgateRuleset(
  rules: readonly Rule[],
  ip: Ip,
): {
  readonly ruleset: Ruleset;
  readonly digest: Digest;
} {
  const ruleset: Ruleset = {
    defaultVerdicts: [Action.ACCEPT, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT],
    rules: rules.map((rule, index) => ({
      id: BigInt(index + 1),
      hook: Hook.PREROUTING,
      action: Action.ACCEPT,
      families: families[ip],
      matches: matchesOf(rule, ip),
    })),
  };
  return { ruleset, digest: rulesetDigest(ruleset) };
}
