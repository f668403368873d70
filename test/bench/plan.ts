// Makes the plan of a benchmark: generates the rulesets and writes them down in every subject's format.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { iptablesRuleset } from './iptables-ruleset';
import type { Plan, RuleFile, Subject, Trial } from './measurement';
import { nftLinear, nftSet, rulesForSet } from './nftables-ruleset';
import { countHits, packetTrace } from './packet-trace';
import { type Ip, type Rule, tcp, udp } from './rule';
import { type Family, generateRuleset, isAdversarial } from './ruleset-generator';
import { SeededRandom } from './seeded-random';

/** What is to be compared. */
export interface PlanOptions {
  readonly subjects: readonly Subject[];
  readonly families: readonly Family[];
  readonly ips: readonly Ip[];
  readonly sizes: readonly number[];
  /** Distinct packets for each ruleset. */
  readonly packets: number;
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

function rulesetFor(subject: Subject, rules: readonly Rule[], ip: Ip): RulesetText {
  switch (subject) {
    case 'nsgate':
    case 'unmanaged':
      return { text: JSON.stringify(rules satisfies RuleFile), rules };
    case 'nft-linear':
      return { text: nftLinear(rules, ip), rules };
    case 'nft-set': {
      const holdable = rulesForSet(rules);
      return { text: nftSet(holdable, ip), rules: holdable };
    }
    case 'iptables':
      return { text: iptablesRuleset(rules, ip), rules };
  }
}

interface TrialChoice {
  readonly family: Family;
  readonly size: number;
  readonly ip: Ip;
}

/** Rulesets that are made to be hard tell of nsgate alone: nobody else has anything to gain or to lose by them. */
function contendersFor({ family, size }: TrialChoice, options: PlanOptions): readonly Subject[] {
  if (isAdversarial(family)) return options.subjects.filter((subject) => subject === 'nsgate');
  // What a namespace that is not managed pays cannot depend on the size of another's ruleset: the largest will do.
  const isLargest = size === Math.max(...options.sizes);
  return options.subjects.filter((subject) => subject !== 'unmanaged' || isLargest);
}

function planTrial(choice: TrialChoice, options: PlanOptions): Trial {
  const { family, size, ip } = choice;
  const rules = generateRuleset(family, size, seed).map(withUdpForTcp);
  const packets = packetTrace(rules, new SeededRandom(seed + size), options.packets);
  return {
    family,
    ip,
    rules: size,
    packets,
    contenders: contendersFor(choice, options).map((subject) => {
      const ruleset = rulesetFor(subject, rules, ip);
      const rulesetFile = join(options.folder, `${subject}-${family}-${size}-${ip}`);
      writeFileSync(rulesetFile, ruleset.text);
      return { subject, held: ruleset.rules.length, hits: countHits(ruleset.rules, packets), rulesetFile };
    }),
  };
}

/** The plan for `options`, its files written; the same for the same options. */
export function makePlan(options: PlanOptions): Plan {
  const { bareHook, nsgateModule, subjects, families, sizes, ips } = options;
  const trials = ips.flatMap((ip) =>
    families.flatMap((family) => sizes.map((size) => planTrial({ family, size, ip }, options))),
  );
  const needsModule = subjects.includes('nsgate') || subjects.includes('unmanaged');
  return { bareHook, nsgateModule: needsModule ? nsgateModule : undefined, trials };
}
