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
import { anyPort, type PortRange, type Prefix, type Rule } from './rule';

function modulePrefix({ address, length }: Prefix): ModulePrefix {
  return { address: Uint8Array.from([24, 16, 8, 0].map((shift) => (address >>> shift) & 255)), length };
}

function addressMatch(kind: MatchKind.SRC4 | MatchKind.DST4, prefix: Prefix): Match[] {
  return prefix.length === 0 ? [] : [{ kind, items: [modulePrefix(prefix)] }];
}

function portMatch(kind: MatchKind.SPORT | MatchKind.DPORT, { first, last }: PortRange): Match[] {
  const items: ModulePortRange[] = [{ first, last }];
  return first === anyPort.first && last === anyPort.last ? [] : [{ kind, items }];
}

function matchesOf(rule: Rule): Match[] {
  return [
    ...addressMatch(MatchKind.SRC4, rule.source),
    ...addressMatch(MatchKind.DST4, rule.destination),
    ...(rule.protocol === undefined ? [] : [{ kind: MatchKind.PROTOCOL as const, items: [rule.protocol] }]),
    ...portMatch(MatchKind.SPORT, rule.sourcePorts),
    ...portMatch(MatchKind.DPORT, rule.destinationPorts),
  ];
}

/** The rules at PREROUTING, accepting what they match and by default the rest, and the digest they are known by. */
export function nsgateRuleset(rules: readonly Rule[]): {
  readonly ruleset: Ruleset;
  readonly digest: Digest;
} {
  const ruleset: Ruleset = {
    defaultVerdicts: [Action.ACCEPT, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT],
    rules: rules.map((rule, index) => ({
      id: BigInt(index + 1),
      hook: Hook.PREROUTING,
      action: Action.ACCEPT,
      families: Family.IPV4,
      matches: matchesOf(rule),
    })),
  };
  return { ruleset, digest: rulesetDigest(ruleset) };
}
