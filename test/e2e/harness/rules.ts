/** Rulesets for the module, short enough to read in a test. */
import {
  Action,
  Family,
  Hook,
  MatchKind,
  rulesetDigest,
  type CommitObject,
  type Rule,
  type Ruleset,
} from '../../../agent/src/kernel-device';

const ACCEPT_ALL: Ruleset['defaultVerdicts'] = [
  Action.ACCEPT,
  Action.ACCEPT,
  Action.ACCEPT,
  Action.ACCEPT,
  Action.ACCEPT,
];

const ICMP = 1;
const ICMPV6 = 58;
const UDP = 17;

/** A ruleset and the digest under which the module is to know it. */
export interface NamedRuleset {
  digest: string;
  ruleset: Ruleset;
}

export function rulesetOf(...rules: Rule[]): NamedRuleset {
  const ruleset = { defaultVerdicts: ACCEPT_ALL, rules };
  return { ruleset, digest: rulesetDigest(ruleset) };
}

export function dropPing(id = 1n): Rule {
  return onInput(id, { families: Family.IPV4, matches: [{ kind: MatchKind.PROTOCOL, items: [ICMP] }] });
}

export function dropPing6(id = 2n): Rule {
  const echoRequestOnly = {
    kind: MatchKind.ICMP6 as const,
    items: [{ type: 128, codeFirst: 0, codeLast: 255 }],
  };
  return onInput(id, {
    families: Family.IPV6,
    matches: [{ kind: MatchKind.PROTOCOL, items: [ICMPV6] }, echoRequestOnly],
  });
}

export function dropUdp(id: bigint, first: number, last: number): Rule {
  const matches = [
    { kind: MatchKind.PROTOCOL as const, items: [UDP] },
    { kind: MatchKind.DPORT as const, items: [{ first, last }] },
  ];
  return onInput(id, { families: Family.IPV4 | Family.IPV6, matches });
}

function onInput(id: bigint, rest: Pick<Rule, 'families' | 'matches'>): Rule {
  return { id, hook: Hook.INPUT, action: Action.DROP, ...rest };
}

export function put({ digest, ruleset }: NamedRuleset): CommitObject {
  return { type: 'ruleset-put', digest, ruleset };
}

export function bind({ inode }: { inode: number }, { digest }: NamedRuleset): CommitObject {
  return { type: 'bind', inode, birth: 0n, digest, initial: false };
}
