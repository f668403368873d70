// Makes the plan of a benchmark: generates the rulesets and writes them down in every subject's format.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { iptablesRuleset } from './iptables-ruleset';
import type { Plan, RuleFile, Subject, Trial } from './measurement';
import { nftLinear, nftSet, rulesForSet } from './nftables-ruleset';
import { countHits, packetTrace } from './packet-trace';
import { type Rule, tcp, udp } from './rule';
import { type Family, generateRuleset } from './ruleset-generator';
import { SeededRandom } from './seeded-random';

/** What is to be compared. */
export interface PlanOptions {
  readonly subjects: readonly Subject[];
  readonly families: readonly Family[];
  readonly sizes: readonly number[];
  /** Folder that the files of rules go to. */
  readonly folder: string;
  readonly bareHook: string;
  readonly nsgateModule: string;
}

const seed = 20_070_301;

/** pktgen sends UDP only: TCP, which most rules are about, and UDP change places. */
function withUdpForTcp(rule: Rule): Rule {
  if (rule.protocol === tcp) return { ...rule, protocol: udp };
  return rule.protocol === udp ? { ...rule, protocol: tcp } : rule;
}

interface RulesetText {
  readonly text: string;
  readonly rules: readonly Rule[];
}

function rulesetFor(subject: Subject, rules: readonly Rule[]): RulesetText {
  switch (subject) {
    case 'nsgate':
    case 'unmanaged':
      return { text: JSON.stringify(rules satisfies RuleFile), rules };
    case 'nft-linear':
      return { text: nftLinear(rules), rules };
    case 'nft-set': {
      const holdable = rulesForSet(rules);
      return { text: nftSet(holdable), rules: holdable };
    }
    case 'iptables':
      return { text: iptablesRuleset(rules), rules };
  }
}

function planTrial(family: Family, size: number, options: PlanOptions): Trial {
  const rules = generateRuleset(family, size, seed).map(withUdpForTcp);
  const packets = packetTrace(rules, new SeededRandom(seed + size));
  // What a namespace that is not managed pays cannot depend on the size of another's ruleset: the largest will do.
  const isLargest = size === Math.max(...options.sizes);
  const contenders = options.subjects.filter((subject) => subject !== 'unmanaged' || isLargest);
  return {
    family,
    rules: size,
    packets,
    contenders: contenders.map((subject) => {
      const ruleset = rulesetFor(subject, rules);
      const rulesetFile = join(options.folder, `${subject}-${family}-${size}`);
      writeFileSync(rulesetFile, ruleset.text);
      return { subject, held: ruleset.rules.length, hits: countHits(ruleset.rules, packets), rulesetFile };
    }),
  };
}

/** The plan for `options`, its files written; the same for the same options. */
export function makePlan(options: PlanOptions): Plan {
  const { bareHook, nsgateModule, subjects, families, sizes } = options;
  const trials = families.flatMap((family) => sizes.map((size) => planTrial(family, size, options)));
  const needsModule = subjects.includes('nsgate') || subjects.includes('unmanaged');
  return { bareHook, nsgateModule: needsModule ? nsgateModule : undefined, trials };
}
