#!/usr/bin/env node
/** nsgate: the operator's command line. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import { Argument, Command, Option } from 'commander';
import { readVersion } from '../src/version';
import { ApplyError, applyFiles, deletePolicy, type CommandContext } from './apply';
import { connect, type ConnectionOptions } from './connection';
import { get, KINDS, type GetOptions } from './get';

type Kind = (typeof KINDS)[number];

function commandLine(): Command {
  const program = new Command('nsgate')
    .description('Writes filter policies to an nsgate controller, and shows how they fare.')
    .version(readVersion())
    .option('--socket <path>', 'Unix socket of the controller (default /run/nsgate/controller.sock)')
    .option('--endpoint <host:port>', 'address of the controller, with the three options below')
    .option('--tls-ca <file>', "CA of the controller's certificate (PEM)")
    .option('--tls-cert <file>', 'certificate of an operator (PEM)')
    .option('--tls-key <file>', 'its private key (PEM)');
  program
    .command('apply')
    .description('create or update the policies of YAML or JSON files; all are checked before any is stored')
    .requiredOption('-f, --file <file...>', 'policy files')
    .option('--dry-run', 'check only, store nothing', false)
    .option('--reason <text>', 'why, for the record', '')
    .action(async ({ file, ...options }: { file: string[]; dryRun: boolean; reason: string }) => {
      await withContext(program, (context) => applyFiles(context, file, options));
    });
  program
    .command('get')
    .description('show policies, hosts, namespaces (of a host) or realizations (of a policy)')
    .addArgument(new Argument('<kind>', 'what to show').choices(KINDS))
    .argument('[name]', 'a policy, or a host')
    .addOption(new Option('-o, --output <form>', 'how').choices(['table', 'json']).default('table'))
    .option('--policy <name>', 'realizations of this policy only')
    .option('--host <name>', 'realizations on this host only')
    .action(async (kind: Kind, name: string | undefined, options: GetOptions) => {
      await withContext(program, (context) => get(context, kind, { ...options, name }));
    });
  program
    .command('delete')
    .description('delete a policy; hosts stop enforcing it')
    .argument('<name>', 'policies/web, or web')
    .option('--reason <text>', 'why, for the record', '')
    .action(async (name: string, { reason }: { reason: string }) => {
      await withContext(program, (context) => deletePolicy(context, name, reason));
    });
  return program;
}

async function withContext(program: Command, run: (context: CommandContext) => Promise<void>): Promise<void> {
  const connection = connect(program.opts<ConnectionOptions>());
  try {
    await run({ connection, print: (line) => process.stdout.write(`${line}\n`) });
  } finally {
    connection.close();
  }
}

/** One line, and one for each field that is wrong. */
function describeError(error: unknown): string {
  if (error instanceof ApplyError) return `${error.message}: ${describeError(error.cause)}`;
  if (!(error instanceof RpcError)) return error instanceof Error ? error.message : String(error);
  if (error.violations.length === 0) return `${status[error.code]}: ${plainMessage(error)}`;
  const lines = error.violations.map(({ field, description }) =>
    field === '' ? `  ${description}` : `  ${field}: ${description}`,
  );
  return ['the controller finds it invalid', ...lines].join('\n');
}

/** grpc-js tells of its inner life where a person needs to know what could not be reached. */
function plainMessage({ message }: RpcError): string {
  const [, cause] = /Last error: (?:Error: )?(.*?)\.? Resolution note:/.exec(message) ?? [];
  return cause === undefined ? message : `the controller cannot be reached: ${cause}`;
}

// grpc-js names an endpoint given by address in its TLS hello; Node warns of that (DEP0123), and users cannot help it.
process.noDeprecation = true;

commandLine()
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`nsgate: ${describeError(error)}\n`);
    process.exitCode = 1;
  });
