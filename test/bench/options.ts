// The command line of the packet benchmark.
import { Command, InvalidArgumentError } from 'commander';

import { type Subject, subjects } from './measurement';
import { families, type Family } from './ruleset-generator';

/** What the command line asks for. */
export interface BenchOptions {
  readonly rules: readonly number[];
  readonly subjects: readonly Subject[];
  readonly families: readonly Family[];
  /** File for the results as JSON. */
  readonly json?: string;
  /** File for the results as a page of documentation. */
  readonly markdown?: string;
}

const largestRuleset = 16_384;

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
    .option('--subjects <names>', 'what to measure', list(oneOf(subjects)), [...subjects])
    .option('--families <names>', 'kinds of rulesets', list(oneOf(families)), [...families])
    .option('--json <file>', 'also write the results as JSON')
    .option('--markdown <file>', 'also write the results as a page of documentation')
    .parse(programArguments, { from: 'user' })
    .opts<BenchOptions>();
}
