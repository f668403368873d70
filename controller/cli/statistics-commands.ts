/** The commands about statistics, their arguments and options. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { CommandContext } from './command-context';
import { OUTPUTS } from './output';
import { showPackets, VERDICTS, type PacketsOptions } from './packets';
import {
  MAX_LIMIT,
  ORDERS,
  showStats,
  showUnused,
  type StatsOptions,
  type UnusedOptions,
} from './statistics';
import { showTop, type TopOptions } from './top';

type Run = (command: (context: CommandContext) => Promise<void>) => Promise<void>;

const output = (): Option => new Option('-o, --output <form>', 'how').choices(OUTPUTS).default('table');
const by = (otherwise: string[]): Option =>
  new Option(
    '--by <dimension...>',
    'what to add up by: host, namespace, policy, rule, hook, label:KEY, or total for one sum',
  ).default(otherwise, otherwise.join(' '));
const sort = (): Option =>
  new Option('--sort <order>', 'most of what comes first').choices(ORDERS).default('packets');

/** Adds `stats`, `top`, `packets` and `unused`. */
export function addStatistics(program: Command, run: Run): void {
  narrowed(program.command('stats'))
    .description('what rules matched, and what became of packets')
    .addOption(by(['host']))
    .option('--rates', 'by how much it rises in a second', false)
    .addOption(sort())
    .addOption(count('-n, --limit <number>', 'only so many, most first', { max: MAX_LIMIT }))
    .addOption(interval())
    .addOption(output())
    .action(async (options: StatsOptions) =>
      run((context) => showStats(context, { ...options, by: dimensions(options.by) })),
    );
  narrowed(program.command('top'))
    .description('what matches most now, live; at a terminal, keys order anew')
    .addOption(by(['rule']))
    .addOption(sort())
    .addOption(count('-n, --limit <number>', 'how many (default 20)', { max: MAX_LIMIT }))
    .addOption(interval())
    .addOption(count('--count <times>', 'end after so many looks', { max: 1_000_000 }))
    .addOption(output())
    .action(async (options: TopOptions) =>
      run((context) => showTop(context, { ...options, by: dimensions(options.by) })),
    );
  addPackets(program, run);
  narrowed(program.command('unused'))
    .description('rules that nothing has ever matched, or not for a time')
    .option('--since <time>', 'not since then: 90s, 15m, 36h or 30d ago, or a time such as 2026-11-01T06:00Z')
    .addOption(output())
    .action(async (options: UnusedOptions) => run((context) => showUnused(context, options)));
}

function addPackets(program: Command, run: Run): void {
  narrowed(program.command('packets'))
    .description('packets that rules and default verdicts with logging sampled')
    .addOption(new Option('--verdict <verdict...>', 'only these').choices(VERDICTS))
    .option('--cidr <prefix...>', 'with source or destination in one of these')
    .option('--source <prefix...>', 'with their source in one of these')
    .option('--destination <prefix...>', 'with their destination in one of these')
    .addOption(new Option('--port <port...>', 'with source or destination port among these').argParser(ports))
    .option('--protocol <protocol...>', 'names or numbers')
    .option('-f, --follow', 'go on with what comes', false)
    .addOption(
      count('--last <number>', 'begin with the last so many (default 20, 0 with --follow)', { max: 16_384 }),
    )
    .addOption(output())
    .action(async (options: PacketsOptions) => run((context) => showPackets(context, options)));
}

function narrowed(command: Command): Command {
  return command
    .option('--host <name...>', 'only of these hosts')
    .option('--namespace <name...>', 'only of these namespaces')
    .option('--policy <name...>', 'only of these policies')
    .option('--rule <id...>', 'only of rules with these ids')
    .option('-l, --filter <conditions>', 'only of hosts with such labels: site=fra,env in (a,b)');
}

/** `host rule` and `host,rule`; `total` is none. */
function dimensions(words: readonly string[]): string[] {
  return words.flatMap((word) => word.split(',')).filter((word) => word !== 'total');
}

function interval(): Option {
  return new Option('--interval <seconds>', 'between looks, 0.1 to 3600')
    .argParser((text) => inRange(text, { min: 0.1, max: 3600 }))
    .default(1);
}

function count(flags: string, description: string, { max }: { max: number }): Option {
  return new Option(flags, description).argParser((text) => wholeNumber(text, { min: 1, max }));
}

function ports(text: string, before: number[] | undefined): number[] {
  const more = text.split(',').map((one) => wholeNumber(one, { min: 1, max: 65_535 }));
  return [...(before ?? []), ...more];
}

function wholeNumber(text: string, range: { min: number; max: number }): number {
  const value = inRange(text, range);
  if (!Number.isInteger(value)) throw new InvalidArgumentError(`${text} is no whole number.`);
  return value;
}

function inRange(text: string, { min, max }: { min: number; max: number }): number {
  const value = text === '' ? NaN : Number(text);
  if (!(value >= min && value <= max))
    throw new InvalidArgumentError(`${text} is not a number from ${min} to ${max}.`);
  return value;
}
