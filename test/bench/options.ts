// The command line of the packet benchmark.
import { Command, InvalidArgumentError } from 'commander';

import { type Subject, subjects } from './measurement';
import { type Ip, ips } from './rule';
import { adversarialFamilies } from './adversarial-ruleset';
import { type Family, likelyFamilies } from './ruleset-generator';

/** What the command line asks for. */
export interface BenchOptions {
  readonly rules: readonly number[];
  readonly subjects: readonly Subject[];
  /** Every kind unless some are named. */
  readonly families?: readonly Family[];
  readonly ip: readonly Ip[];
  /** File for the results as JSON. */
  readonly json?: string;
  /** File for the results as a page of documentation, and for its chart. */
  readonly markdown?: string;
}

/** Every kind of ruleset. */
export const everyFamily: readonly Family[] = [...likelyFamilies, ...adversarialFamilies];
const largestRuleset = 16_384;

const kinds = `${likelyFamilies.join(', ')}, and for nsgate alone ${adversarialFamilies.join(', ')}`;
const inJson = `those of ${likelyFamilies.join(', ')} unless families are named; commit is, of each size, the pair of nsgate and nft-set with the ratio that is least favourable to nsgate`;

function list<Item>(parse: (text: string) => Item): (text: string) => Item[] {
  return (text) => text.split(',').map(parse);
}

function oneOf<Choice extends string>(choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw new InvalidArgumentError(`must be of ${choices.join(', ')}`);
    return choice;
  };
}

function ipVersion(text: string): Ip {
  const ip = ips.find((candidate) => String(candidate) === text);
  if (ip === undefined) throw new InvalidArgumentError('must be of 4, 6');
  return ip;
}

function rulesetSize(text: string): number {
  const size = Number(text);
  if (/^\d+$/.test(text) && size >= 1 && size <= largestRuleset) return size;
  throw new InvalidArgumentError(`must be whole numbers from 1 to ${largestRuleset}`);
}

/** Reads the arguments after the script's name; on wrong ones it says so and ends the process with status 1. */
export function parseOptions(programArguments: readonly string[]): BenchOptions {
  return new Command('bench:packet')
    .description(
      'Measures what a packet costs in instructions above a bare drop hook, in a kernel of its own.',
    )
    .option('--rules <sizes>', 'sizes of rulesets', list(rulesetSize), [10, 100, 1000, 10_000])
    .option(
      '--subjects <names>',
      'what to measure; unmanaged is measured at the largest size only',
      list(oneOf(subjects)),
      [...subjects],
    )
    .option('--families <names>', `kinds of rulesets, all unless named: ${kinds}`, list(oneOf(everyFamily)))
    .option('--ip <versions>', 'versions of IP', list(ipVersion), [...ips])
    .option('--json <file>', `also write the results as JSON: ${inJson}`)
    .option('--markdown <file>', 'also write the results as a page of documentation, and its chart beside it')
    .parse(programArguments, { from: 'user' })
    .opts<BenchOptions>();
}
