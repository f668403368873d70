/** The commands, their arguments and options. */
import { readFileSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { readVersion } from '../src/version';
import { changeMembers } from './address-sets';
import { applyFiles, diffFiles, editPolicy, type ApplyOptions } from './apply';
import type { CommandContext } from './command-context';
import { knownNames } from './completed-names';
import { complete, completionScript, globalOptions, SHELLS, type Shell } from './completion';
import { describe } from './describe';
import { CommandError, exitCodesText } from './exit-code';
import { explainPacket, labelHost, type PacketOptions } from './host-commands';
import { resourceSchema } from './json-schema';
import { OUTPUTS, render, type Output } from './output';
import { deleteResource, diffRevisions, rollback } from './policy-commands';
import { waitForAll } from './realization-progress';
import { addStatistics } from './statistics-commands';
import { exportAll, KINDS, list, listHistory, listSummaries, type Kind, type ListOptions } from './resources';
import { addSecurity } from './security-command-line';

const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const STATES = ['new', 'established', 'related', 'invalid', 'untracked'];

/** Runs a command with a connection, which it closes. */
export type Run = (command: (context: CommandContext) => Promise<void>) => Promise<void>;

/** Makes the command line. */
export function commandLine(run: Run): Command {
  const program = new Command('nsgate')
    .description('Writes filter policies to an nsgate controller, and shows how they fare.')
    .version(readVersion())
    .option('--context <name>', 'of the configuration file; $NSGATE_CONTEXT when left out')
    .option(
      '--config <file>',
      'configuration file; $NSGATE_CONFIG, or ~/.config/nsgate/config.yaml when left out',
    )
    .option('--socket <path>', 'Unix socket of the controller (default /run/nsgate/controller.sock)')
    .option(
      '--endpoint <host:port>',
      'address of the controller, with --tls-ca, and a certificate and key or a token',
    )
    .option('--tls-ca <file>', "CA of the controller's certificate (PEM)")
    .option('--tls-cert <file>', 'certificate of an operator (PEM)')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--token-file <file>', 'a token instead of the certificate; $NSGATE_TOKEN holds one as well')
    .option(
      '--tls-server-name <name>',
      "name in the controller's certificate, where it is not the endpoint's",
    )
    .addHelpText('after', exitCodesText());
  addWriting(program, run);
  addVersions(program, run);
  addReading(program, run);
  addHosts(program, run);
  addSets(program, run);
  addSecurity(program, run);
  addStatistics(program, run);
  addSelf(program, run);
  return program;
}

const output = (): Option => new Option('-o, --output <form>', 'how').choices(OUTPUTS).default('table');
const reason = ['--reason <text>', 'why, for the record', ''] as const;
const force = ['--force', 'store it though it could cut off a host', false] as const;
const timeout = (): Option =>
  new Option('--timeout <seconds>', 'how long to wait').argParser(seconds).default(60);

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 86_400)) throw new CommandError('usage', `${text} is not 0 to 86400 seconds`);
  return value;
}

function addWriting(program: Command, run: Run): void {
  program
    .command('apply')
    .description(
      'create or update what files hold, all or nothing; shows what changes, and waits until it is enforced',
    )
    .requiredOption('-f, --file <path...>', 'files, folders, or - for stdin; YAML or JSON')
    .option('--dry-run', 'check and show only, store nothing', false)
    .option('--no-wait', 'do not wait')
    .addOption(timeout())
    .option(...force)
    .option(...reason)
    .action(async ({ file, ...options }: ApplyOptions & { file: string[] }) =>
      run((context) => applyFiles(context, file, options)),
    );
  program
    .command('edit')
    .description('open a policy in $EDITOR, and apply what it has become')
    .argument('<policy>')
    .option('--no-wait', 'do not wait')
    .addOption(timeout())
    .option(...force)
    .option(...reason)
    .action(async (name: string, options: ApplyOptions) =>
      run((context) => editPolicy(context, name, { ...options, dryRun: false })),
    );
  program
    .command('delete')
    .description('delete a policy (hosts stop enforcing it), or a set (addressSets/NAME)')
    .argument('<name>')
    .option('--ignore-missing', 'what is not there is no error', false)
    .option(...reason)
    .action(async (name: string, options: { reason: string; ignoreMissing: boolean }) =>
      run((context) => deleteResource(context, name, options)),
    );
}

function addVersions(program: Command, run: Run): void {
  program
    .command('diff')
    .description(
      'what apply would change (-f), or how two revisions of a policy or set (addressSets/NAME) differ',
    )
    .argument('[name]')
    .argument('[from]', 'a revision')
    .argument('[to]', 'another; the current one when left out')
    .option('-f, --file <path...>', 'files, folders, or - for stdin')
    .action(
      async (
        name: string | undefined,
        from: string | undefined,
        to: string | undefined,
        { file }: { file?: string[] },
      ) =>
        run(async (context) => {
          if (file !== undefined) return diffFiles(context, file);
          if (name === undefined || from === undefined)
            throw new CommandError('usage', 'give -f, or a policy and a revision');
          return diffRevisions(context, name, { from, to });
        }),
    );
  program
    .command('history')
    .description('who stored which version of a policy or set (addressSets/NAME), when, and why')
    .argument('<name>')
    .addOption(output())
    .action(async (name: string, options: { output: Output }) =>
      run(async ({ connection, print }) =>
        print(render(await listHistory(connection, name), options.output)),
      ),
    );
  program
    .command('rollback')
    .description('store an earlier version of a policy or set (addressSets/NAME) again')
    .argument('<name>')
    .argument('<revision>')
    .option('--dry-run', 'check only, store nothing', false)
    .option('--no-wait', 'do not wait')
    .addOption(timeout())
    .option(...force)
    .option(...reason)
    .action(async (name: string, revision: string, options: ApplyOptions) =>
      run((context) => rollback(context, name, { ...options, revision })),
    );
}

type ReadOptions = ListOptions & { output: Output };

function addReading(program: Command, run: Run): void {
  const show = (kind: Kind, options: ReadOptions): Promise<void> =>
    run(async ({ connection, print }) =>
      print(render(await list(connection, kind, options), options.output)),
    );
  program
    .command('get')
    .description('show policies, sets, hosts, namespaces (of a host) or realizations (of a policy)')
    .addArgument(new Argument('<kind>', 'what to show').choices(KINDS))
    .argument('[name]', 'a policy, a set, or a host')
    .addOption(output())
    .option('-l, --filter <conditions>', 'on labels: team=web,env in (a,b),!old')
    .option('--policy <name>', 'realizations of this policy only')
    .option('--host <name>', 'realizations on this host only; policies that choose it')
    .addOption(
      new Option('--state <state>', 'realizations in it only').choices(['pending', 'enforced', 'failed']),
    )
    .option('--order-by <order>', 'of policies: name, priority, revision, update_time, with desc behind it')
    .action(async (kind: Kind, name: string | undefined, options: ReadOptions) =>
      show(kind, { ...options, name }),
    );
  for (const kind of ['hosts', 'namespaces'] as const) {
    program
      .command(kind)
      .description(kind === 'hosts' ? 'show hosts' : 'show the namespaces of a host, or of all')
      .argument('[host]')
      .addOption(output())
      .option('-l, --filter <conditions>', 'on labels of hosts')
      .action(async (name: string | undefined, options: ReadOptions) => show(kind, { ...options, name }));
  }
  program
    .command('describe')
    .description('everything that is known of a policy, a set (addressSets/NAME) or a host (hosts/NAME)')
    .argument('<name>')
    .action(async (name: string) => run((context) => describe(context, name)));
  program
    .command('status')
    .description('how policies fare on all hosts together')
    .argument('[policy]')
    .addOption(output())
    .action(async (policy: string | undefined, options: { output: Output }) =>
      run(async ({ connection, print }) =>
        print(render(await listSummaries(connection, policy), options.output)),
      ),
    );
  program
    .command('export')
    .description('print everything as files hold it: sets with their members, then policies')
    .option('-l, --filter <conditions>', 'on labels', '')
    .action(async ({ filter }: { filter: string }) => run((context) => exportAll(context, filter)));
}

function addHosts(program: Command, run: Run): void {
  program
    .command('wait')
    .description('wait until policies are enforced wherever they apply')
    .argument('<policy...>')
    .addOption(timeout())
    .action(async (names: string[], options: { timeout: number }) =>
      run((context) => {
        const awaited = names.map((name) => ({
          policy: name.includes('/') ? name : `policies/${name}`,
          revision: 0n,
        }));
        return waitForAll(context, awaited, options.timeout);
      }),
    );
  program
    .command('label')
    .description("change a host's labels of operators: KEY=VALUE sets one, KEY- takes it away")
    .argument('<host>')
    .argument('<change...>')
    .action(async (host: string, changes: string[]) => run((context) => labelHost(context, host, changes)));
  program
    .command('explain')
    .description("ask the ruleset that is live in a host's kernel what it does with a packet")
    .argument('<host>')
    .argument('<namespace>')
    .addOption(new Option('--hook <hook>', 'where it is looked at').choices(HOOKS).makeOptionMandatory())
    .requiredOption('--source <address>', 'where it comes from')
    .requiredOption('--destination <address>', 'where it goes')
    .option('--protocol <protocol>', 'a name, or a number', 'tcp')
    .option('--sport <port>', 'source port')
    .option('--dport <port>', 'destination port')
    .option('--icmp-type <type>', 'for icmp and icmpv6')
    .option('--icmp-code <code>', 'for icmp and icmpv6')
    .option('--tcp-flags <flags>', 'those that are set: syn,ack')
    .addOption(new Option('--state <state>', 'of the connection').choices(STATES))
    .option('--mark <mark>', 'of the packet')
    .option('--in <interface>', 'it came in by')
    .option('--out <interface>', 'it is to leave by')
    .addOption(output())
    .action(async (host: string, namespace: string, options: PacketOptions) =>
      run((context) => explainPacket(context, { host, namespace }, options)),
    );
}

function addSets(program: Command, run: Run): void {
  const set = program.command('set').description('change the members of address sets');
  for (const verb of ['add', 'remove'] as const) {
    set
      .command(verb)
      .description(`${verb} members`)
      .argument('<set>')
      .argument('[member...]', 'prefixes')
      .option('-f, --file <path>', 'more of them, one a line; - for stdin')
      .option(...reason)
      .action(async (name: string, given: string[], options: { file?: string; reason: string }) =>
        run((context) => {
          const members = [...given, ...membersOf(options.file)];
          const none: string[] = [];
          const change = verb === 'add' ? { add: members, remove: none } : { add: none, remove: members };
          return changeMembers(context, name, { ...change, reason: options.reason });
        }),
      );
  }
}

/** One a line; what stands behind a # is for people. */
function membersOf(file: string | undefined): string[] {
  if (file === undefined) return [];
  const lines = readFileSync(file === '-' ? 0 : file, 'utf8').split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
}

function addSelf(program: Command, run: Run): void {
  program
    .command('completion')
    .description('print a script that completes this command line: source <(nsgate completion bash)')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell));
    });
  program
    .command('complete', { hidden: true })
    .description('for the scripts of completion: what the last word may become')
    .argument('[word...]')
    .action(async (words: string[]) => printCompletion(program, words, run));
  program
    .command('schema')
    .description('print the JSON Schema of files')
    .action(() => {
      process.stdout.write(`${JSON.stringify(resourceSchema(), null, 2)}\n`);
    });
}

async function printCompletion(program: Command, words: readonly string[], run: Run): Promise<void> {
  const completion = complete(program, words);
  const print = (candidates: readonly string[]): void => {
    const fitting = candidates.filter((word) => word !== '' && word.startsWith(words.at(-1) ?? ''));
    process.stdout.write(fitting.map((word) => `${word}\n`).join(''));
  };
  if (completion.kind === 'files') process.stdout.write(':files\n');
  else if (completion.kind === 'words') print(completion.words);
  else {
    for (const [name, value] of globalOptions(program, words)) program.setOptionValue(name, value);
    await run(async ({ connection }) => print(await knownNames(connection, completion)));
  }
}
