// The command line of the fuzzers.
import { cpus } from 'node:os';

import { Command, InvalidArgumentError } from 'commander';

/** What is fuzzed; each is a program of kmod/test/fuzz. */
export const targets = ['parser', 'matcher'] as const;

/** One of the fuzzers. */
export type Target = (typeof targets)[number];

/** What the command line asks for. */
export interface FuzzOptions {
  /** How long to fuzz. */
  readonly seconds: number;
  /** How many processes at once; each target has at least one. */
  readonly jobs: number;
  /** Determines what each process tries. */
  readonly seed: number;
  readonly targets: readonly Target[];
  /** Whether inputs that reach new code are added to the corpus in the repository. */
  readonly keep: boolean;
}

const largestSeed = 2 ** 31 - 1;

function randomSeed(): number {
  return 1 + Math.floor(Math.random() * (largestSeed - 1000));
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= largestSeed) return value;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${largestSeed}`);
}

function oneTarget(text: string): Target {
  const found = targets.find((candidate) => candidate === text);
  if (found === undefined) throw new InvalidArgumentError(`must be one of ${targets.join(', ')}`);
  return found;
}

/** Reads the arguments after the script's name; on wrong ones it says so and ends the process with status 1. */
export function parseOptions(programArguments: readonly string[]): FuzzOptions {
  const { target: chosen, ...options } = new Command('fuzz')
    .description("Fuzzes the kernel module's parser and matcher in user space, on all processors.")
    .option('--seconds <number>', 'how long', wholeNumber, 600)
    .option('--jobs <number>', 'how many processes at once', wholeNumber, cpus().length)
    .option('--seed <number>', 'what is tried (at random, and told)', wholeNumber, randomSeed())
    .option('--target <name>', `one alone of ${targets.join(', ')}`, oneTarget)
    .option('--keep', 'add inputs that reach new code to the corpus in the repository', false)
    .parse(programArguments, { from: 'user' })
    .opts<Omit<FuzzOptions, 'targets'> & { target?: Target }>();
  return { ...options, targets: chosen === undefined ? targets : [chosen] };
}
