/** The commands about who may do what: host enroll and revoke, token, audit. */
import type { Command } from 'commander';
import { verifyAudit, watchAudit, type VerifyOptions, type WatchOptions } from './audit-commands';
import type { CommandContext } from './command-context';
import { createToken, enrollHost, revokeHost } from './enrollment-commands';

type Run = (command: (context: CommandContext) => Promise<void>) => Promise<void>;

const printLine = (line: string): void => void process.stdout.write(`${line}\n`);

export function addSecurity(program: Command, run: Run): void {
  addHost(program, run);
  program
    .command('token')
    .description('tokens by which programs prove who they are')
    .command('create')
    .description('draw a token, and print it with what the access file is to hold of it')
    .argument('<name>', 'under which it is bound to roles, as token:NAME')
    .action((name: string) => createToken(name, printLine));
  const audit = program.command('audit').description('the record of changes and refusals');
  audit
    .command('verify')
    .description('check that no entry of a log was changed, removed or added; without asking a controller')
    .argument(
      '<file...>',
      'audit.jsonl, with which go the files put aside as audit.jsonl.*; or some of those, oldest first',
    )
    .option('--noted <hash>', 'of an entry that was noted down elsewhere: it has to be there')
    .option('--part', 'do not ask for what stands before the files that are given', false)
    .action((files: string[], options: VerifyOptions) => verifyAudit(files, options, printLine));
  audit
    .command('watch')
    .description('print entries as they are written')
    .option('--json', 'one JSON object a line', false)
    .option(
      '--after <number>',
      'begin after that entry; 0: with the oldest that is kept (default: with the next)',
    )
    .option('--hash <hash>', 'of the entry of --after, which is compared')
    .action(async (options: WatchOptions) => run((context) => watchAudit(context, options)));
}

function addHost(program: Command, run: Run): void {
  const host = program.command('host').description('let hosts in, and keep them out');
  host
    .command('enroll')
    .description('print a token by which the agent of a host gets its certificate, once')
    .argument('<host>', 'its id')
    .option('--ttl <time>', 'how long the token is good for: 30m, 1h, 7d', '1h')
    .action(async (name: string, { ttl }: { ttl: string }) =>
      run((context) => enrollHost(context, name, ttl)),
    );
  host
    .command('revoke')
    .description('take back all certificates of a host, and cut its stream')
    .argument('<host>', 'its id')
    .option('--reason <text>', 'why, for the record', '')
    .action(async (name: string, { reason }: { reason: string }) =>
      run((context) => revokeHost(context, name, reason)),
    );
}
